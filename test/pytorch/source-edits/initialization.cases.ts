import { imports, net, use, type EditCase } from './cases';

const attributes = net(
  `
self.fc1 = nn.Linear(400, 300)
self.fc2 = nn.Linear(300, 300)
self.head = nn.Linear(300, 300)`,
  `
x = F.relu(self.fc1(x))
x = F.gelu(self.fc2(x))
return self.head(x)`,
);

const sequence = `from torch.nn import Linear, ReLU, Sequential, Tanh


net = Sequential(
    Linear(400, 300),
    ReLU(),
    Linear(300, 300),
    Tanh(),
    Linear(300, 300),
)
`;

const loop = `import torch
from torch import nn


class Net(nn.Module):
	def __init__(self, width=300, depth=3):
		super().__init__()
		self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
		self.head = nn.Linear(width, 300)

	def forward(self, x):
		for layer in self.layers:
			x = nn.functional.leaky_relu(layer(x), 0.2)
		return self.head(x)
`;

const applied = `${imports}

def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)
        nn.init.zeros_(m.bias)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(400, 300), nn.SiLU(), nn.Linear(300, 300), nn.SiLU())
        self.head = nn.Linear(300, 300)
        self.apply(init_weights)

    def forward(self, x):
        return self.head(self.body(x))
`;

const recurrent = (type: string, rest = '', then = ''): string =>
  net(
    `
self.rnn = nn.${type}(12, 16, batch_first=True${rest})
self.head = nn.Linear(16, 2)${then}`,
    `
y, _ = self.rnn(x)
return self.head(y[:, -1])`,
  );

const isOrthogonal = (parameter: string, gates: number): string => `
for gate in ${parameter}.data.chunk(${gates}):
    close(gate @ gate.T, torch.eye(len(gate)))
`;

/** The deviation of each weight: √2 for ReLU and its kin, 5/3 for tanh, 1 for none. */
const deviations = (expected: readonly string[], net = 'after.Net()'): string => `
net = ${net}
backward(net, torch.randn(4, next(net.parameters()).shape[1]))
weights = [p for p in net.parameters() if p.dim() == 2]
for weight, expected in zip(weights, [${expected.join(', ')}], strict=True):
    assert abs(deviation(weight) / expected - 1) < 0.05, (deviation(weight), expected)
`;

export const initializationCases: readonly EditCase[] = [
  {
    name: 'attributes',
    program: attributes,
    uses: use('kaiming-normal'),
    contains: [
      "        self.fc1 = nn.Linear(400, 300)\n        nn.init.kaiming_normal_(self.fc1.weight, nonlinearity='relu')\n",
      "nn.init.kaiming_normal_(self.head.weight, nonlinearity='linear')",
    ],
    check: deviations(['(2 / 400) ** 0.5', '(2 / 300) ** 0.5', '(1 / 300) ** 0.5']),
    again: /like that already/,
  },
  {
    name: 'Sequential, names imported',
    program: sequence,
    uses: use('kaiming-uniform'),
    contains: ["with_kaiming_uniform(Linear(400, 300), nonlinearity='relu')"],
    check: deviations(['(2 / 400) ** 0.5', '25 / 9 * (1 / 300) ** 0.5 * 0.6', '(1 / 300) ** 0.5'], 'after.net'),
  },
  {
    name: 'a comprehension, with tabs',
    program: loop,
    uses: use('kaiming-normal'),
    contains: ['\treturn layer\n', 'a=0.2, '],
    check: deviations([...Array<string>(3).fill('(2 / 1.04 / 300) ** 0.5'), '(1 / 300) ** 0.5']),
  },
  {
    name: 'one unit',
    program: loop,
    uses: use('xavier-normal'),
    units: ['layers.*'],
    contains: ['self.head = nn.Linear(width, 300)\n\n'],
    check: deviations([...Array<string>(3).fill('(2 / 1.04) ** 0.5 / 300 ** 0.5'), '(1 / 3 / 300) ** 0.5']),
  },
  {
    name: 'an existing function is adjusted',
    program: applied,
    uses: use('kaiming-normal'),
    contains: ["        nn.init.kaiming_normal_(m.weight, nonlinearity='relu')\n        nn.init.zeros_(m.bias)"],
    check: deviations(['(2 / 400) ** 0.5', '(2 / 300) ** 0.5', '(2 / 300) ** 0.5']),
    again: /like that already/,
  },
  {
    name: 'attributes',
    program: attributes,
    uses: use('xavier-uniform'),
    contains: [
      "nn.init.xavier_uniform_(self.fc1.weight, gain=nn.init.calculate_gain('relu'))",
      'xavier_uniform_(self.head.weight)',
    ],
    check: deviations(['2 / 700 ** 0.5', '2 / 600 ** 0.5', '(2 / 600) ** 0.5']),
  },
  {
    name: 'Sequential',
    program: sequence,
    uses: use('xavier-normal'),
    check: deviations(['2 / 700 ** 0.5', '5 / 3 * (2 / 600) ** 0.5', '(2 / 600) ** 0.5'], 'after.net'),
  },
  {
    name: 'a comprehension',
    program: loop,
    uses: use('xavier-uniform'),
    check: deviations([...Array<string>(3).fill('(2 / 1.04) ** 0.5 / 300 ** 0.5'), '(1 / 300) ** 0.5']),
  },
  {
    name: 'Sequential',
    program: sequence,
    uses: use('xavier-uniform'),
    check: deviations(['2 / 700 ** 0.5', '5 / 3 * (2 / 600) ** 0.5', '(2 / 600) ** 0.5'], 'after.net'),
  },
  {
    name: 'attributes',
    program: attributes,
    uses: use('xavier-normal'),
    check: deviations(['2 / 700 ** 0.5', '2 / 600 ** 0.5', '(2 / 600) ** 0.5']),
  },
  {
    name: 'attributes',
    program: attributes,
    uses: use('kaiming-uniform'),
    check: deviations(['(2 / 400) ** 0.5', '(2 / 300) ** 0.5', '(1 / 300) ** 0.5']),
  },
  {
    name: 'a comprehension',
    program: loop,
    uses: use('kaiming-uniform'),
    check: deviations([...Array<string>(3).fill('(2 / 1.04 / 300) ** 0.5'), '(1 / 300) ** 0.5']),
  },
  {
    name: 'linear layers',
    program: attributes,
    uses: use('orthogonal'),
    check: `
weight = after.Net().fc2.weight.data
close(weight @ weight.T, 2 * torch.eye(300), 1e-4)
`,
  },
  ...(['RNN', 'GRU', 'LSTM'] as const).map((type, index): EditCase => ({
    name: `${type}, every gate`,
    program: recurrent(type),
    uses: use('orthogonal'),
    check: isOrthogonal('after.Net().rnn.weight_hh_l0', [1, 3, 4][index]!),
    again: /orthogonal already/,
  })),
  {
    name: 'recurrent weights that a statement sets otherwise',
    program: recurrent(
      'LSTM',
      ', num_layers=2',
      `
for name, weight in self.rnn.named_parameters():
    if name.startswith("weight_hh"):
        nn.init.normal_(weight, std=0.3)`,
    ),
    uses: use('orthogonal'),
    contains: ['for gate in weight.data.chunk(4):\n                    nn.init.orthogonal_(gate)'],
    check: isOrthogonal('after.Net().rnn.weight_hh_l0', 4) + isOrthogonal('after.Net().rnn.weight_hh_l1', 4),
    again: /orthogonal already/,
  },
  {
    name: 'recurrent layers in a comprehension',
    program: net(
      `
self.cells = nn.ModuleList(nn.GRUCell(16, 16) for _ in range(2))
self.head = nn.Linear(16, 2)`,
      `
for cell in self.cells:
    x = cell(x)
return self.head(x)`,
    ),
    uses: use('orthogonal'),
    contains: ['with_orthogonal_recurrence(nn.GRUCell(16, 16), gates=3)'],
    check: `net = after.Net()\nbackward(net, torch.randn(4, 16))\n${isOrthogonal('net.cells[1].weight_hh', 3)}`,
  },
];
