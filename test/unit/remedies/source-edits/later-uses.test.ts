import assert from 'node:assert/strict';
import { indent, net } from '../../../pytorch/source-edits/cases';
import { edited, refusal, use } from './edit';

const tail = '\nnet = Net()\nnet(torch.randn(4, 5, 12))\n';
const recurrent = (init: string): string =>
  net(
    `self.rnn = nn.RNN(12, 16, batch_first=True)\nself.head = nn.Linear(16, 2)\n${init}`,
    'y, h = self.rnn(x)\nreturn self.head(y[:, -1])',
  ) + tail;
const layers = 'nn.Linear(12, 12), nn.Sigmoid(), nn.Linear(12, 12), nn.Sigmoid(), nn.Linear(12, 2)';
const stack = (init: string, forward = 'return self.net(x)'): string =>
  net(`self.net = nn.Sequential(${layers})\n${init}`, forward) + tail;
const load = (statement: string): string => `${stack('')}${statement}\n`;

const isInstance = recurrent(
  'for m in self.modules():\n    if isinstance(m, nn.RNN):\n        nn.init.orthogonal_(m.weight_hh_l0)',
);
const everyWeight = recurrent(
  'for name, p in self.named_parameters():\n    if "weight" in name:\n        nn.init.xavier_uniform_(p)',
);

describe('what a program does later with layers that an edit changes', () => {
  it('is taken out where it only initialized weights that are gone', () => {
    const after = edited(recurrent('nn.init.orthogonal_(self.rnn.weight_hh_l0)'), use('self-attention'));
    assert.ok(!after.includes('weight_hh_l0'), after);
    // In a branch for recurrent layers it is passed over.
    assert.ok(edited(isInstance, use('self-attention')).includes('weight_hh_l0'));
  });

  const refused: [why: string, text: string, id: string, says: RegExp][] = [
    [
      'a weight that is asked for',
      recurrent('self.w = self.rnn.weight_hh_l0'),
      'self-attention',
      /^Line 11 uses rnn\.weight_hh_l0, which/,
    ],
    [
      'all of a block',
      recurrent('if True:\n    self.rnn.flatten_parameters()'),
      'self-attention',
      /^Line 12 uses what the recurrent layer has/,
    ],
    ['the weight of the new norm', everyWeight, 'self-attention', /^Line 13 initializes every weight as a matrix/],
    ['a class that is asked for', isInstance, 'lstm', /^Line 13 initializes layers by their number or class/],
    [
      'a weight of the RNN’s shape',
      recurrent('self.rnn.weight_hh_l0.data.copy_(torch.eye(16))'),
      'gru',
      /^Line 11 uses what the RNN has and a GRU has not/,
    ],
    [
      'a weight of the RNN’s shape, assigned',
      recurrent('self.rnn.weight_hh_l0.data = torch.eye(16)'),
      'lstm',
      /^Line 11 uses what the RNN has and an LSTM/,
    ],
    [
      'a layer by its number',
      stack('nn.init.xavier_uniform_(self.net[2].weight)'),
      'batch-norm',
      /^Line 10 initializes layers by their number/,
    ],
    [
      'a layer by its number',
      stack('nn.init.xavier_uniform_(self.net[2].weight)'),
      'residual',
      /^Line 10 initializes layers by their number/,
    ],
    [
      'a layer called by its number',
      stack('', 'x = torch.tanh(self.net[0](x))\nreturn self.net[2](x)'),
      'batch-norm',
      /^Line \d+ reaches layers by their number/,
    ],
    [
      'a weight set by hand',
      stack('self.net[0].weight.data.mul_(0.5)'),
      'weight-norm',
      /^Line 10 sets these weights by hand/,
    ],
    [
      'a weight that is another’s',
      stack('self.net[4].weight = self.net[0].weight'),
      'spectral-norm',
      /^Line 10 sets these weights by hand/,
    ],
    [
      'a checkpoint',
      load('net.load_state_dict(torch.load("net.pt"))'),
      'layer-norm',
      /^Line \d+ loads weights of the network as it is now/,
    ],
    [
      'a checkpoint in a variable',
      load('state = torch.load("net.pt")\nnet.load_state_dict(state["net"])'),
      'highway',
      /^Line \d+ loads weights/,
    ],
  ];
  for (const [why, text, id, says] of refused)
    it(`${id} is refused for ${why}`, () => {
      assert.match(refusal(text, use(id)), says);
    });

  it('does not matter where it fits the changed network as well', () => {
    const checkpoint = load('net.load_state_dict(torch.load("net.pt"))');
    for (const [text, id] of [
      [checkpoint, 'relu'],
      [load('optimizer.load_state_dict(torch.load("optimizer.pt"))'), 'batch-norm'],
      [load('net.load_state_dict(best)'), 'batch-norm'],
      [load(`if resume:\n${indent('net.load_state_dict(torch.load("net.pt"))', 4)}`), 'batch-norm'],
      [stack('nn.init.xavier_uniform_(self.net[2].weight)'), 'relu'],
      [stack('self.apply(lambda m: nn.init.zeros_(m.bias) if isinstance(m, nn.Linear) else None)'), 'batch-norm'],
      [recurrent('nn.init.orthogonal_(self.rnn.weight_hh_l0)'), 'lstm'],
    ] as const)
      assert.notEqual(edited(text, use(id)), text);
  });

  it('keeps a bias that is asked for', () => {
    const text = net(
      'self.fc = nn.Linear(12, 12)\nself.out = nn.Linear(12, 2)\nself.fc.bias.data -= 1.0',
      'return self.out(torch.tanh(self.fc(x)))',
    );
    assert.ok(!edited(text, use('batch-norm')).includes('bias=False'));
  });
});
