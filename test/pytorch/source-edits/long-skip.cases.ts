import { net, use, type EditCase } from './cases';
import { appended, convolutionsInLoop, grownList, widerFirst } from './networks';

const five = (statement: (i: number) => string): string => [0, 1, 2, 3, 4].map((i) => statement(i)).join('\n');

const attributes = net(
  `${five((i) => `self.fc${i} = nn.Linear(8, 8)`)}\nself.head = nn.Linear(8, 2)`,
  `${five((i) => `x = torch.tanh(self.fc${i}(x))`)}\nreturn self.head(x)`,
);

const sequence = `import torch
from torch import nn

net = nn.Sequential(
${five(() => '    nn.Linear(8, 8), nn.Tanh(),')}
    nn.Linear(8, 2),
)
`;

const loop = net(
  'self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(5))\nself.head = nn.Linear(8, 2)',
  'for layer in self.layers:\n    x = torch.tanh(layer(x))\nreturn self.head(x)',
);

/** Five layers, the outputs of the first two added to those of the last: 0 → 4; 1 and 3 are too near. */
const mirrored = (layers: string, head: string): string => `
x = h = torch.randn(4, 8)
backward(net, x)
outputs = []
for i, layer in enumerate(${layers}):
    h = torch.tanh(layer(h))
    if i == 4:
        h = h + outputs[0]
    outputs.append(h)
close(net(x), ${head}(h))
`;

const twoSequences = (encoder: number, decoder: number): string =>
  net(
    `self.encoder = stack(${encoder})\nself.decoder = stack(${decoder})\nself.head = nn.Linear(8, 2)`,
    'return self.head(self.decoder(self.encoder(x)))',
    `import torch
from torch import nn


def stack(depth):
    layers = []
    for _ in range(depth):
        layers += [nn.Linear(8, 8), nn.Tanh()]
    return nn.Sequential(*layers)
`,
  );

/** Skips from one sequence to the other are what was tried, and have no place in this source. */
export const acrossSequences = twoSequences(5, 5);

export const longSkipCases: readonly EditCase[] = [
  {
    name: 'attributes',
    program: attributes,
    uses: use('long-skip'),
    contains: ['        long_skip_1 = x\n', 'x = torch.tanh(self.fc4(x)) + long_skip_1'],
    check: `net = after.Net()${mirrored('(net.fc0, net.fc1, net.fc2, net.fc3, net.fc4)', 'net.head')}`,
    again: /already/,
  },
  {
    name: 'attributes, concatenated',
    program: attributes,
    uses: use('long-skip', { mode: 'concat' }),
    contains: [
      'self.fc4_merge = nn.Linear(2 * 8, 8, bias=False)',
      'x = self.fc4_merge(torch.cat([torch.tanh(self.fc4(x)), long_skip_1], -1))',
    ],
    check: 'backward(after.Net(), torch.randn(4, 8))',
  },
  {
    name: 'Sequential',
    program: sequence,
    uses: use('long-skip'),
    check: `net = after.net
same_weights(net, before.net)
old = before.net${mirrored('(old[0], old[2], old[4], old[6], old[8])', 'old[10]')}`,
  },
  {
    name: 'a loop over a ModuleList',
    program: loop,
    uses: use('long-skip'),
    contains: ['for index, layer in enumerate(self.layers):'],
    check: `net = after.Net()${mirrored('net.layers', 'net.head')}`,
    again: /no place for a skip/,
  },
  {
    name: 'a list that grows in a loop, of a depth that is only a default',
    program: grownList,
    uses: use('long-skip'),
    contains: ['self.layers = LongSkips(*layers, ends=slice(1, None, 2))'],
    check: `
for depth in (4, 5, 7, 30):
    net, old = after.Net(depth=depth), before.Net(depth=depth)
    same_weights(net, old)
    x = h = torch.randn(4, 20)
    backward(net, x)
    outputs = []
    for i in range(depth):
        h = torch.sigmoid(old.layers[2 * i](h))
        mirror = depth - 1 - i
        if i - mirror >= 3:
            h = h + outputs[mirror]
        outputs.append(h)
    close(net(x), old.head(h))
`,
    again: /No two hidden layers/,
  },
  {
    name: 'appended layers, the last one without activation',
    program: appended,
    uses: use('long-skip'),
    contains: ['return LongSkips(*layers, ends=slice(1, None, 2))'],
    check: `
x = h = torch.randn(4, 8)
same_weights(after.net, before.net)
backward(after.net, x)
outputs = []
for i in (0, 2, 4, 6):
    h = torch.tanh(before.net[i](h))
    outputs.append(h)
close(after.net(x), before.net[8](h + outputs[0]))
`,
  },
  {
    name: 'convolutions with pools between them: within the first size',
    program: convolutionsInLoop,
    uses: use('long-skip'),
    contains: ['LongSkips(*layers, ends=slice(1, 10, 2))'],
    check: `
net = after.Net()
x = torch.randn(4, 3, 16, 16)
backward(net, x)
assert net.features.skips == {9: 1}
`,
  },
  {
    name: 'a list comprehension',
    program: net(
      `self.layers = nn.Sequential(*(part for _ in range(5) for part in (nn.Linear(8, 8), nn.Tanh())))
self.head = nn.Linear(8, 2)`,
      'return self.head(self.layers(x))',
    ),
    uses: use('long-skip'),
    units: ['layers.*'],
    check: `net = after.Net(); net.layers(torch.randn(4, 8)); assert net.layers.skips == {9: 1}`,
  },
  {
    name: 'one of two sequences, of which only that is long enough',
    program: twoSequences(5, 3),
    uses: use('long-skip'),
    contains: ['return LongSkips(*layers, ends=slice(1, None, 2))'],
    check:
      'net = after.Net()\nbackward(net, torch.randn(4, 8))\nassert net.encoder.skips == {9: 1} and net.decoder.skips == {}',
  },
  {
    name: 'a ModuleList of which the first layer is wider',
    program: widerFirst,
    uses: use('long-skip'),
    check: `net = after.Net()
x = h = torch.randn(4, 20)
backward(net, x)
outputs = []
for i, layer in enumerate(net.layers):
    h = torch.tanh(layer(h))
    outputs.append(h)
close(net(x), net.head(h + outputs[0]))
`,
  },
];
