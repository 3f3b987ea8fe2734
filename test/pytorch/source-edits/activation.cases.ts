import { net, use, type EditCase } from './cases';
import { appended, deepAttributes, deepLoop, deepSequence, grownList, nested } from './networks';

const functions: Readonly<Record<string, string>> = {
  relu: 'F.relu(h)',
  'leaky-relu': 'F.leaky_relu(h, 0.2)',
  elu: 'F.elu(h, 0.5)',
  selu: 'F.selu(h)',
  gelu: 'F.gelu(h)',
  silu: 'F.silu(h)',
  mish: 'F.mish(h)',
};
const parameters: Readonly<Record<string, Record<string, number>>> = {
  'leaky-relu': { slope: 0.2 },
  elu: { alpha: 0.5 },
};

const header = 'import torch.nn.functional as F\n';

/** The same weights but for SELU, which brings LeCun's with it. */
const sameNet = (id: string, before: string, after: string): string =>
  id === 'selu' ? '' : `same_weights(${after}, ${before})`;

export const activationCases: readonly EditCase[] = [
  ...Object.keys(functions).flatMap((id): EditCase[] => {
    const uses = use(id, parameters[id] ?? {});
    return [
      {
        name: 'functional calls',
        program: deepAttributes,
        uses,
        check: `${header}
net, old = after.Net(), before.Net()
${sameNet(id, 'old', 'net')}
x = h = torch.randn(4, 8)
backward(net, x)
for layer in (net.fc1, net.fc2, net.fc3):
    h = layer(h)
    h = ${functions[id]}
close(net(x), net.head(h))
`,
        again: /already/,
      },
      {
        name: 'modules of a Sequential',
        program: deepSequence,
        uses,
        check: `${header}
net = after.net
${sameNet(id, 'before.net', 'net')}
x = h = torch.randn(4, 8)
backward(net, x)
for i in (0, 2, 4):
    h = net[i](h)
    h = ${functions[id]}
close(net(x), net[6](h))
`,
        again: /already/,
      },
      {
        name: 'a loop over a ModuleList',
        program: deepLoop,
        uses,
        check: `${header}
net = after.Net()
x = h = torch.randn(4, 8)
backward(net, x)
for layer in net.layers:
    h = layer(h)
    h = ${functions[id]}
close(net(x), net.head(h))
`,
        again: /already/,
      },
    ];
  }),
  {
    name: 'one module, called twice',
    program: nested,
    uses: use('relu'),
    contains: ['self.act = nn.ReLU()'],
    check: 'backward(after.Net(), torch.randn(4, 8))',
  },
  {
    name: 'a list that grows in a loop',
    program: grownList,
    uses: use('gelu'),
    contains: ['layers += [nn.Linear(width, width), nn.GELU()]'],
    check: 'backward(after.Net(), torch.randn(4, 20))',
  },
  {
    name: 'appended layers',
    program: appended,
    uses: use('silu'),
    check: 'backward(after.net, torch.randn(4, 8)); assert names(after.net).count("SiLU") == 4',
  },
  {
    name: 'methods of tensors; the output keeps its own',
    program: net(
      'self.a = nn.Linear(8, 8)\nself.b = nn.Linear(8, 1)',
      'x = self.a(x).tanh()\nreturn torch.sigmoid(self.b(x))',
    ),
    uses: use('leaky-relu'),
    contains: ['x = F.leaky_relu(self.a(x), negative_slope=0.01)', 'torch.sigmoid(self.b(x))'],
    check: 'backward(after.Net(), torch.randn(4, 8))',
  },
  {
    name: 'SELU with LeCun weights',
    program: net('self.a = nn.Linear(400, 400)\nself.b = nn.Linear(400, 4)', 'return self.b(torch.tanh(self.a(x)))'),
    uses: use('selu'),
    contains: ["nn.init.kaiming_normal_(self.a.weight, nonlinearity='linear')"],
    check: 'close(deviation(after.Net().a.weight) * 400 ** 0.5, 1, 0.02)',
  },
];
