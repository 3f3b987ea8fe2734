import assert from 'node:assert/strict';
import type { LayerInfo } from '../../../../extension/protocol/run';
import { editsOf, type EditRecord } from '../../../../extension/remedies/source-edits/prescription-edits';
import { applyEdits, SourceText } from '../../../../extension/source/text';
import { use } from './edit';

const files: Readonly<Record<string, string>> = {
  '/project/net.py': `import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(4)])
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        for layer in self.layers:
            x = torch.sigmoid(layer(x))
        return self.head(x)
`,
  '/project/train.py': `import torch
from net import Net

model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
`,
  '/project/gan.py': `import torch
from torch import nn


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8))

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(8, 8), nn.Sigmoid(), nn.Linear(8, 8), nn.Sigmoid())
        self.classify = nn.Linear(8, 1)

    def forward(self, x):
        return self.classify(self.main(x))


netG, netD = Generator(), Discriminator()
criterion = nn.BCEWithLogitsLoss()
for real, ones in loader:
    criterion(netD(real), ones).backward()
    fake = netG(torch.randn(8, 4))
    criterion(netD(fake.detach()), 0 * ones).backward()
    optimizerD.step()
    criterion(netD(fake), ones).backward()
    optimizerG.step()
`,
};

const read = (path: string): string | undefined => files[path];

const layer = (name: string, line: number): LayerInfo => ({
  name,
  op: 'Gemm',
  kind: 'linear',
  parameters: [`${name}.weight`],
  source: { file: '/project/net.py', line },
});
const layers = [0, 1, 2, 3].map((index) => layer(`layers.${index}`, 13)).concat(layer('head', 14));

const after = (records: readonly EditRecord[], path: string): string => {
  const source = new SourceText(path, files[path]!, 'python');
  const own = records.filter(({ file }) => file === path);
  return applyEdits(
    source.text,
    own.map(({ range, newText }) => ({
      from: source.offset(range.start),
      to: source.offset(range.end),
      insert: newText,
    })),
  );
};

const prescription = (...ids: string[]) => ({ remedies: ids.map((id) => use(id)), learningRateFactor: 1 });

describe('the edits of a prescription', () => {
  it('change the file that the layers come from', () => {
    const records = editsOf(prescription('relu', 'kaiming-normal'), layers, read)!;
    assert.match(after(records, '/project/net.py'), /x = nn\.functional\.relu\(layer\(x\)\)/);
    assert.match(after(records, '/project/net.py'), /with_kaiming_normal\(nn\.Linear\(8, 8\), nonlinearity='relu'\)/);
  });

  it('change network and training together where the script is known', () => {
    const made = { ...prescription('relu', 'clip-grad-norm'), learningRateFactor: 0.3 };
    const records = editsOf(made, layers, read, '/project/train.py')!;
    assert.match(after(records, '/project/net.py'), /relu\(layer\(x\)\)/);
    assert.match(after(records, '/project/train.py'), /clip_grad_norm_\(model\.parameters\(\), max_norm=1\)/);
    assert.match(after(records, '/project/train.py'), /lr=0\.03\)/);
  });

  it('give a schedule the length of the training, not that of the trial', () => {
    const made = {
      remedies: [use('cosine-annealing-lr', { t_max: 100, eta_min: 0, unit: 'epoch' })],
      learningRateFactor: 1,
    };
    const records = editsOf(made, layers, read, '/project/train.py')!;
    assert.match(after(records, '/project/train.py'), /CosineAnnealingLR\(optimizer, T_max=10\)/);
  });

  it('leave alone the other network of a program that trains two', () => {
    const made = editsOf(
      prescription('lsuv'),
      ['main.0', 'main.2', 'classify'].map((name) => layer(name, 1)),
      read,
      '/project/gan.py',
    )!;
    const text = after(made, '/project/gan.py');
    assert.match(text, /lsuv_\(netD, \(real,\)\)\n {4}criterion\(netD\(real\)/);
    assert.equal(text.match(/ {4}lsuv_\(net/g)?.length, 1);
  });

  it('are none where they cannot be exact, or the source is not known', () => {
    assert.equal(editsOf(prescription('lstm'), layers, read), undefined);
    assert.equal(editsOf(prescription('clip-grad-norm'), layers, read), undefined);
    assert.equal(
      editsOf(prescription('relu'), layers, () => undefined),
      undefined,
    );
    assert.equal(editsOf(prescription('relu'), [{ ...layers[0]!, source: undefined }], read), undefined);
  });
});
