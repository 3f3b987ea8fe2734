import assert from 'node:assert/strict';
import { editSource, editSourceAll, possibleRemedies, programOf } from '../../../../extension/remedies/source-edits';
import { composeEdits, spanAfter } from '../../../../extension/source/edits/compose';
import { parseSource } from '../../../../extension/source/parse';
import { applyEdits } from '../../../../extension/source/text';
import { acrossSequences } from '../../../pytorch/source-edits/long-skip.cases';
import { at, edited, program, refusal, use } from './edit';

const deep = `import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(4)])
        self.fc = nn.Linear(8, 8)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        for layer in self.layers:
            x = torch.sigmoid(layer(x))
        return self.head(torch.tanh(self.fc(x)))


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
`;

describe('editSource', () => {
  it('changes all that fits where no place is given', () => {
    const after = edited(deep, use('relu'));
    assert.match(after, /x = nn\.functional\.relu\(layer\(x\)\)/);
    assert.match(after, /self\.head\(nn\.functional\.relu\(self\.fc\(x\)\)\)/);
  });

  it('changes the units that the run names', () => {
    const after = edited(deep, use('relu'), { units: ['sigmoid'] });
    assert.match(after, /x = nn\.functional\.relu\(layer\(x\)\)/);
    assert.match(after, /torch\.tanh/);
  });

  it('changes what stands at a cursor', () => {
    const after = edited(deep, use('relu'), at(deep, 'return self.head'));
    assert.match(after, /torch\.sigmoid/);
    assert.match(after, /nn\.functional\.relu\(self\.fc/);
  });

  it('takes the first line of a loop for all of it', () => {
    assert.match(edited(deep, use('clip-grad-norm'), at(deep, 'for x, y')), /clip_grad_norm_/);
  });

  it('says why a remedy does not fit', () => {
    assert.match(refusal(deep, use('lstm')), /no vanilla RNN/);
    for (const id of ['residual', 'highway', 'long-skip']) assert.match(refusal(mixedLoop, use(id)), /same call/);
    assert.match(refusal(acrossSequences, use('long-skip')), /several sequences/);
    assert.match(refusal(deep, use('relu'), { units: ['elsewhere'] }), /no layer named elsewhere/);
    assert.match(refusal(deep, use('clip-grad-norm'), at(deep, 'self.head = ')), /elsewhere/);
  });

  it('titles its edits', () => {
    const { title, changesNetwork } = editSource(program(deep), use('relu'));
    assert.equal(title, 'Use ReLU as the activation');
    assert.ok(changesNetwork);
  });
});

/** The loop calls linear layers and activations alike. */
const mixedLoop = `import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([part for _ in range(5) for part in (nn.Linear(8, 8), nn.Tanh())])
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(x)
`;

describe('editSourceAll', () => {
  it('writes several remedies as one edit, each import once', () => {
    const text = deep.replace('from torch import nn\n', 'import torch.nn as nn\n');
    const after = edited(text, [use('clip-grad-norm'), use('relu')]);
    assert.match(after, /nn\.functional\.relu\(layer/);
    assert.match(after, / {4}nn\.utils\.clip_grad_norm_\(model\.parameters\(\), max_norm=1\)\n {4}optimizer\.step/);
    const { title } = editSourceAll(program(text), [use('clip-grad-norm'), use('relu')]);
    assert.equal(title, 'Use ReLU as the activation, clip the gradients to a global norm of 1');
  });

  it('edits the files of a project together', () => {
    const model = deep.slice(0, deep.indexOf('\n\nmodel ='));
    const train = `import torch
from net import Net
${deep.slice(deep.indexOf('model ='))}`.replace('nn.functional', 'torch.nn.functional');
    const main = parseSource('/project/train.py', train, 'python');
    const net = parseSource('/project/net.py', model, 'python');
    const { edits } = editSourceAll(
      programOf(main, (name) => (name === 'net' ? net : undefined)),
      [use('relu'), use('clip-grad-norm')],
    );
    const after = new Map(edits.map(({ file, edits: own }) => [file.source.path, applyEdits(file.source.text, own)]));
    assert.match(after.get('/project/net.py')!, /nn\.functional\.relu\(layer/);
    assert.match(after.get('/project/train.py')!, /clip_grad_norm_/);
  });
});

describe('possibleRemedies', () => {
  it('tells whether a place is a part of what the remedy would change', () => {
    const isPart = (part: string, id: string): boolean | undefined =>
      possibleRemedies(program(deep), at(deep, part).at!).find((each) => each.id === id)?.isPart;
    assert.equal(isPart('x = torch.sigmoid', 'relu'), true);
    assert.equal(isPart('self.head = ', 'kaiming-normal'), true);
    assert.equal(isPart('optimizer.step()', 'clip-grad-norm'), false);
  });

  it('lists what the line of the cursor can take', () => {
    const ids = (part: string): string[] => possibleRemedies(program(deep), at(deep, part).at!).map(({ id }) => id);
    assert.ok(ids('x = torch.sigmoid').includes('relu'));
    assert.ok(!ids('x = torch.sigmoid').includes('clip-grad-norm'));
    assert.ok(ids('optimizer.step()').includes('clip-grad-norm'));
    assert.deepEqual(ids('import torch'), []);
  });
});

describe('edits made one after the other', () => {
  const text = 'one two three';
  const first = [
    { from: 4, to: 7, insert: 'TWO' },
    { from: 0, to: 0, insert: '> ' },
  ];

  it('are one set of edits of the first text', () => {
    const between = applyEdits(text, first);
    assert.equal(between, '> one TWO three');
    const second = [
      { from: 6, to: 9, insert: 'zwei' },
      { from: 2, to: 5, insert: '' },
      { from: 15, to: 15, insert: '!' },
    ];
    const both = composeEdits(text, first, second);
    assert.equal(applyEdits(text, both), applyEdits(between, second));
    assert.equal(applyEdits(text, both), '>  zwei three!');
  });

  it('move what stands around them', () => {
    assert.deepEqual(spanAfter(first, { from: 0, to: 3 }), { from: 2, to: 5 });
    assert.deepEqual(spanAfter(first, { from: 4, to: 7 }), { from: 6, to: 9 });
    assert.deepEqual(spanAfter([{ from: 3, to: 3, insert: ')' }], { from: 0, to: 3 }), { from: 0, to: 3 });
  });
});
