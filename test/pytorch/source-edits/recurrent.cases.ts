import { net, use, type EditCase } from './cases';
import { recurrent } from './networks';

const unpacked = recurrent('RNN', 'y, h = self.rnn(x)\nreturn self.head(y[:, -1] + h[-1])', ", nonlinearity='tanh'");
const indexed = recurrent('RNN', 'return self.head(self.rnn(x)[0][:, -1])');
const stacked = recurrent('RNN', '_, h = self.rnn(x)\nreturn self.head(h[-1])', ', num_layers=2, bidirectional=True');
const started = recurrent(
  'RNN',
  'h0 = torch.zeros(1, x.size(0), 16)\ny, _ = self.rnn(x, h0)\nreturn self.head(y[:, -1])',
);
const cell = net(
  'self.cell = nn.RNNCell(12, 16)\nself.head = nn.Linear(16, 2)',
  'h = torch.zeros(x.size(0), 16)\nfor t in range(x.size(1)):\n    h = self.cell(x[:, t], h)\nreturn self.head(h)',
);

const runs = 'backward(after.Net(), torch.randn(4, 5, 12))';
const isA = (type: string): string => `${runs}\nassert isinstance(after.Net().rnn, nn.${type})`;

/** A recurrent layer, and statements after it in `__init__`. */
const withInit = (init: string): string =>
  unpacked.replace(/^( +)self\.head = .*$/m, (line, by: string) =>
    [line, ...init.split('\n').map((each) => by + each)].join('\n'),
  );

/** What initializes recurrent weights or asks for their sizes, in the ways in which people write it. */
const initialized = {
  'by name': 'nn.init.orthogonal_(self.rnn.weight_hh_l0)',
  'by getattr': 'nn.init.orthogonal_(getattr(self.rnn, "weight_hh_l0"))',
  'through data': 'self.rnn.weight_hh_l0.data.mul_(0.5)\nself.rnn.bias_hh_l0.data.fill_(0.0)',
  'in a loop over names':
    'for name, p in self.rnn.named_parameters():\n    if "weight_hh" in name:\n        nn.init.orthogonal_(p)\n    elif "bias" in name:\n        nn.init.zeros_(p)',
  flattened: 'self.rnn.flatten_parameters()\nself.width = self.rnn.hidden_size + self.rnn.input_size',
};

export const recurrentCases: readonly EditCase[] = [
  ...Object.entries(initialized).flatMap(([name, init]): EditCase[] =>
    (['self-attention', 'lstm', 'gru'] as const).map((id) => ({
      name: `weights that are initialized ${name}`,
      program: withInit(init),
      uses: use(id),
      check: 'backward(after.Net(), torch.randn(4, 5, 12))',
    })),
  ),
  {
    name: 'an unpacked state',
    program: unpacked,
    uses: use('lstm'),
    contains: ['y, (h, _) = self.rnn(x)', 'nn.LSTM(12, 16, batch_first=True)'],
    check: isA('LSTM'),
    again: /no vanilla RNN/,
  },
  { name: 'an indexed sequence', program: indexed, uses: use('lstm'), check: isA('LSTM') },
  {
    name: 'two levels and directions',
    program: stacked,
    uses: use('lstm'),
    contains: ['_, (h, _) = self.rnn(x)'],
    check: isA('LSTM'),
  },
  {
    name: 'a state that starts at zero',
    program: started,
    uses: use('lstm'),
    contains: ['self.rnn(x, (h0, torch.zeros_like(h0)))'],
    check: isA('LSTM'),
  },
  { name: 'an unpacked state', program: unpacked, uses: use('gru'), check: isA('GRU'), again: /no vanilla RNN/ },
  { name: 'an indexed sequence', program: indexed, uses: use('gru'), check: isA('GRU') },
  { name: 'a state that starts at zero', program: started, uses: use('gru'), check: isA('GRU') },
  {
    name: 'a cell in a loop',
    program: cell,
    uses: use('gru'),
    contains: ['self.cell = nn.GRUCell(12, 16)'],
    check: `${runs}\nassert isinstance(after.Net().cell, nn.GRUCell)`,
  },
  {
    name: 'in place of an RNN',
    program: unpacked,
    uses: use('self-attention'),
    contains: ['self.rnn = SelfAttention(12, 16, batch_first=True)'],
    check: `
net = after.Net()
x = torch.randn(4, 5, 12)
backward(net, x)
y, h = net.rnn(x)
assert y.shape == (4, 5, 16) and h.shape == (1, 4, 16)
p = net.rnn.projection(x)
close(y, net.rnn.norm(p + net.rnn.attention(p, p, p)[0]))
close(h[0], y[:, -1])
`,
    again: /already/,
  },
  {
    name: 'two levels and directions, time first',
    program: stacked.replace(', batch_first=True', ''),
    uses: use('self-attention', { heads: 8 }),
    check: `
x = torch.randn(5, 4, 12)
backward(after.Net(), x)
assert [v.shape for v in after.Net().rnn(x)] == [v.shape for v in before.Net().rnn(x)]
`,
  },
  {
    name: 'in place of an LSTM',
    program: recurrent('LSTM', 'y, (h, c) = self.rnn(x)\nreturn self.head(y[:, -1] + h[-1])'),
    uses: use('self-attention'),
    contains: ['y, h = self.rnn(x)'],
    check: runs,
  },
  {
    name: 'an indexed sequence of a GRU',
    program: indexed.replace('nn.RNN', 'nn.GRU'),
    uses: use('self-attention'),
    check: runs,
  },
];
