import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { AnalysisClient } from '../../../extension/editor/analysis-client';
import type { AnalysedDocument, AskedTrial, PartEdit } from '../../../extension/editor/analysis-messages';
import { SourceAnalysis } from '../../../extension/editor/source-analysis';
import { applyEdits, SourceText } from '../../../extension/source/text';

const sample = readFileSync('samples/deep_sigmoid/train.py', 'utf8');
const python = (text: string, path = '/work/a.py'): AnalysedDocument => ({
  id: path,
  path,
  language: 'python',
  isNotebook: false,
  parts: [text],
});
const notebook = (...parts: string[]): AnalysedDocument => ({
  ...python('', '/work/n.ipynb'),
  isNotebook: true,
  parts,
});

const textAt = ({ parts }: AnalysedDocument, part: number, range: PartEdit['range']): string => {
  const source = new SourceText('', parts[part]!, 'python');
  return source.text.slice(source.offset(range.start), source.offset(range.end));
};
const edited = ({ parts }: AnalysedDocument, edits: readonly PartEdit[]): string[] =>
  parts.map((text, part) => {
    const source = new SourceText('', text, 'python');
    const own = edits.filter((edit) => edit.part === part);
    return applyEdits(
      text,
      own.map(({ range, newText }) => ({
        from: source.offset(range.start),
        to: source.offset(range.end),
        insert: newText,
      })),
    );
  });

const loop = `for x, y in loader:
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scheduler.step()
`;
const head = `import torch
from torch import nn
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10)
`;

describe('what the editor asks of source files', () => {
  const analysis = (files: Readonly<Record<string, string>> = {}) => {
    const made = new SourceAnalysis((path) => files[path]);
    made.tell({ type: 'folders', folders: ['/work'] });
    return made;
  };

  it('finds the layers of a run where they are created and called', () => {
    const document = python(sample);
    const called = sample.split('\n').findIndex((line) => line.includes('return self.head'));
    const places = analysis().layers({
      document,
      layers: ['layers.0', 'layers.1', 'layers.2', 'layers.59', 'head', 'other'].map((name) => ({ name, called })),
    });
    const created = places.map((place) => place.created && textAt(document, 0, place.created.range));
    assert.deepEqual(created, [
      'nn.Linear(features, width)',
      'nn.Sigmoid()',
      'nn.Linear(width, width)',
      'nn.Sigmoid()',
      'nn.Linear(width, classes)',
      undefined,
    ]);
    assert.notDeepEqual(places[1]!.created, places[3]!.created);
    assert.equal(textAt(document, 0, places[0]!.called!.range), 'return self.head(self.layers(x))');
  });

  it('outlines the training loops and the modules', () => {
    const document = python(sample);
    const { loops, modules } = analysis().outline({ document });
    assert.deepEqual(
      loops.map(({ range }) => textAt(document, 0, range)),
      ['for epoch in range(epochs):'],
    );
    assert.deepEqual(
      modules.map(({ name }) => name),
      ['DeepSigmoid'],
    );
  });

  it('tells what a module is made with, where the file makes one of what is known', () => {
    const text = `from torch import nn
WIDTH = 32
class Net(nn.Module):
    def __init__(self, inputs, hidden=16, *, sizes=(), name="net"):
        super().__init__()
        self.out = nn.Linear(inputs, hidden)
    def forward(self, x):
        return self.out(x)
`;
    const made = (call: string) => analysis().outline({ document: python(`${text}${call}\n`) }).modules[0]!.arguments;
    assert.equal(
      analysis().outline({ document: python(text) }).modules[0]!.parameters,
      'inputs, hidden=16, *, sizes=(), name="net"',
    );
    assert.equal(made('net = Net(20, WIDTH * 2, sizes=(3,), name=None)'), '20, 64, sizes=(3,), name=None');
    assert.equal(made('if __name__ == "__main__":\n    net = Net(20, sizes=[1, True])'), '20, sizes=[1, True]');
    assert.equal(made('net = Net(parse().width)'), undefined);
    assert.equal(made('net = Net(*sizes)'), undefined);
    assert.equal(made('net = None'), undefined);
  });

  it('follows imports inside the workspace only', () => {
    const network = 'from torch import nn\nnet = nn.Sequential(nn.Linear(4, 4), nn.Softmax(dim=1))\n';
    const text = 'from torch import nn\nfrom network import net\nloss = nn.CrossEntropyLoss()(net(x), y)\n';
    const lint = (path: string, files: Record<string, string>) =>
      analysis(files).lint({ document: python(text, path), rules: {} });
    const found = lint('/work/sub/a.py', { '/work/network.py': network });
    assert.deepEqual(
      found.findings.map(({ rule }) => rule),
      ['GD302'],
    );
    assert.ok(found.dependencies.includes('/work/network.py'));
    assert.ok(found.dependencies.includes('/work/sub/network.py'));
    assert.deepEqual(lint('/work/a.py', { '/network.py': network }).findings, []);
    assert.deepEqual(lint('/elsewhere/a.py', { '/elsewhere/network.py': network }).findings, []);
  });

  it('fixes all that is safe at once, in the part that is asked for', () => {
    const document = notebook(head, `# train\n${loop}`);
    const edits = analysis().fixAll({ document, rules: {}, part: 1 });
    const [first, second] = edited(document, edits);
    assert.equal(first, head);
    assert.match(second!, /backward\(\)\n {4}nn\.utils\.clip_grad_norm_.*\n {4}optimizer\.step\(\)\n {4}scheduler/);
    assert.deepEqual(analysis().fixAll({ document, rules: {}, part: 0 }), []);
    assert.deepEqual(analysis().fixAll({ document, rules: { GD101: 'off' }, part: 1 }), []);
  });

  it('writes the remedies that a place can take', () => {
    const document = python(head + loop);
    const at = { part: 0, range: { start: { line: 9, character: 4 }, end: { line: 9, character: 4 } } };
    const remedies = analysis().remedies({ document, at });
    const value = remedies.find(({ remedy }) => remedy === 'clip-grad-value');
    assert.ok(value, remedies.map(({ remedy }) => remedy).join());
    assert.equal(value.changesNetwork, false);
    assert.match(edited(document, value.edits)[0]!, /clip_grad_value_/);
  });

  const trial = (...ids: string[]): AskedTrial => ({
    remedies: ids.map((id) => ({ id, parameters: {} })),
    learningRateFactor: 1,
    layers: ['layers.0', 'head'],
  });

  it('writes several remedies as one edit, or says why not', () => {
    const document = python(sample);
    const edit = analysis().edit({ document, trial: trial('relu', 'kaiming-normal') });
    assert.ok('edits' in edit);
    assert.match(edited(document, edit.edits)[0]!, /nn\.ReLU\(\)[\s\S]*kaiming_normal_/);
    const refused = analysis().edit({ document, trial: trial('lstm') });
    assert.ok('refused' in refused);
    assert.match(refused.refused, /\.$/);
    const trials = [trial('relu'), trial('lstm'), { ...trial('relu'), learningRateFactor: 3 }];
    assert.deepEqual(analysis().refusals({ document, trials }), [undefined, refused.refused, undefined]);
  });
});

describe('the thread that reads source files', () => {
  const path = resolve('dist/analysis-worker.js');

  it('answers, several questions at a time', async () => {
    const client = new AnalysisClient(path);
    try {
      const given = { document: python(head + loop), rules: {} };
      const answers = await Promise.all([client.ask('lint', given), client.ask('lint', given)]);
      for (const { findings } of answers)
        assert.deepEqual(
          findings.map(({ rule }) => rule),
          ['GD101'],
        );
    } finally {
      client.dispose();
    }
  });

  it('is given up when it takes too long, and starts again', async () => {
    const client = new AnalysisClient(path, 1);
    try {
      const given = { document: python(`import torch\n${sample.repeat(40)}`), rules: {} };
      await assert.rejects(client.ask('lint', given), /longer than/);
    } finally {
      client.dispose();
    }
  });
});
