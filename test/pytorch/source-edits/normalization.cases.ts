import { use, type EditCase } from './cases';
import { convolutions, deepAttributes, deepLoop, deepSequence, grownList, named, recurrent } from './networks';

export const normalizationCases: readonly EditCase[] = [
  {
    name: 'attributes',
    program: deepAttributes,
    uses: use('batch-norm'),
    contains: [
      '        self.fc1 = nn.Linear(8, 16, bias=False)\n        self.fc1_norm = nn.BatchNorm1d(16)\n',
      'x = torch.sigmoid(self.fc2_norm(self.fc2(x)))',
      'self.head = nn.Linear(16, 2)\n',
    ],
    check: `
net = after.Net()
x = torch.randn(32, 8)
backward(net, x)
h = net.fc1_norm(net.fc1(x))
close(h.mean(0), torch.zeros(16), 1e-4)
assert net.fc1.bias is None
`,
    again: /normalized already/,
  },
  {
    name: 'convolutions in a Sequential, functional pooling between',
    program: convolutions,
    uses: use('batch-norm'),
    contains: [
      'nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()',
      'self.conv_norm(self.conv(x))',
    ],
    check: `backward(after.Net(), torch.randn(4, 3, 8, 8)); assert names(after.Net()).count("BatchNorm2d") == 2`,
    again: /normalized already/,
  },
  {
    name: 'a comprehension of layers, called in a loop',
    program: deepLoop,
    uses: use('batch-norm'),
    units: ['layers.*'],
    contains: ['nn.Sequential(nn.Linear(8, 8, bias=False), nn.BatchNorm1d(8))'],
    check: `backward(after.Net(), torch.randn(4, 8)); assert names(after.Net()).count("BatchNorm1d") == 4`,
  },
  {
    name: 'a list that grows in a loop',
    program: grownList,
    uses: use('batch-norm'),
    contains: ['layers += [nn.Linear(width, width, bias=False), nn.BatchNorm1d(width), nn.Sigmoid()]'],
    check: `backward(after.Net(), torch.randn(4, 20)); assert names(after.Net()).count("BatchNorm1d") == 4`,
    again: /normalized already/,
  },
  {
    name: 'an OrderedDict',
    program: named,
    uses: use('batch-norm'),
    contains: ['("fc1", nn.Linear(8, 8, bias=False)),\n    ("fc1_norm", nn.BatchNorm1d(8)),\n'],
    check: `backward(after.net, torch.randn(4, 8)); assert isinstance(after.net.fc2_norm, nn.BatchNorm1d)`,
  },
  {
    name: 'a bias that is set by hand stays',
    program:
      deepSequence.replace(
        'net = ',
        `def init(m):
    if isinstance(m, nn.Linear):
        nn.init.zeros_(m.bias)


net = `,
      ) + 'net.apply(init)\n',
    uses: use('batch-norm', { momentum: 0.2 }),
    contains: ['nn.Linear(8, 8),\n    nn.BatchNorm1d(8, momentum=0.2),\n'],
    check: `backward(after.net, torch.randn(4, 8))`,
  },
  {
    name: 'attributes',
    program: deepAttributes,
    uses: use('layer-norm'),
    contains: ['self.fc1 = nn.Linear(8, 16)\n        self.fc1_norm = nn.LayerNorm(16)\n'],
    check: `
net = after.Net()
x = torch.randn(4, 8)
backward(net, x)
close(net.fc1_norm(net.fc1(x)).mean(1), torch.zeros(4), 1e-4)
`,
    again: /normalized already/,
  },
  {
    name: 'Sequential',
    program: deepSequence,
    uses: use('layer-norm', { eps: 1e-6 }),
    contains: ['nn.LayerNorm(8, eps=0.000001)'],
    check: `backward(after.net, torch.randn(4, 8)); assert names(after.net).count("LayerNorm") == 3`,
    again: /normalized already/,
  },
  {
    name: 'a recurrent layer',
    program: recurrent('GRU', 'y, h = self.rnn(x)\nreturn self.head(y[:, -1])'),
    uses: use('layer-norm'),
    contains: ['self.rnn_norm = nn.LayerNorm(16)', 'y, h = self.rnn(x)\n        y = self.rnn_norm(y)\n'],
    check: `backward(after.Net(), torch.randn(4, 5, 12))`,
    again: /normalized already/,
  },
  {
    name: 'a recurrent layer of two directions, indexed',
    program: recurrent('LSTM', 'return self.head(self.rnn(x)[0][:, -1])', ', bidirectional=True').replace(
      'nn.Linear(16, 2)',
      'nn.Linear(32, 2)',
    ),
    uses: use('layer-norm'),
    contains: ['nn.LayerNorm(2 * 16)', 'self.rnn_norm(self.rnn(x)[0])[:, -1]'],
    check: `backward(after.Net(), torch.randn(4, 5, 12))`,
  },
  ...(['weight-norm', 'spectral-norm'] as const).flatMap((id): EditCase[] => {
    const name = id.replace('-', '_');
    const check = (net: string, shape: string): string => `
net = ${net}
backward(net, torch.randn(4, ${shape}))
parametrized = [m for m in net.modules() if nn.utils.parametrize.is_parametrized(m)]
assert parametrized and all(type(m).__name__.startswith("Parametrized") for m in parametrized)
`;
    return [
      {
        name: 'attributes',
        program: deepAttributes,
        uses: use(id),
        contains: [`self.head = nn.utils.parametrizations.${name}(nn.Linear(16, 2))`],
        check: check('after.Net()', '8'),
        again: /reparametrized already/,
      },
      { name: 'Sequential', program: deepSequence, uses: use(id), check: check('after.net', '8') },
      {
        name: 'a comprehension',
        program: deepLoop,
        uses: use(id),
        units: ['layers.*'],
        contains: ['self.head = nn.Linear(8, 2)'],
        check: check('after.Net()', '8'),
      },
      { name: 'convolutions', program: convolutions, uses: use(id), check: check('after.Net()', '3, 8, 8') },
    ];
  }),
  {
    name: 'the same function as before',
    program: deepSequence,
    uses: use('weight-norm'),
    check: `x = torch.randn(4, 8); close(before.net(x), after.net(x))`,
  },
  {
    name: 'with new weights',
    program: deepSequence,
    uses: [use('weight-norm'), use('xavier-uniform')],
    contains: ['nn.utils.parametrizations.weight_norm(with_xavier_uniform(nn.Linear(8, 8)))'],
    check: `backward(after.net, torch.randn(4, 8))`,
  },
];
