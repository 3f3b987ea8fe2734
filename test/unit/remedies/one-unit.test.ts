/** A fault in one statement of the source is mended there, not everywhere. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { diagnose } from '../../../extension/diagnosis/diagnose';
import { GraphBuilder, type Value } from '../../../extension/onnx/builder';
import { exportGraph } from '../../../extension/onnx/export';
import { emptyGraph } from '../../../extension/onnx/graph';
import { tensor } from '../../../extension/onnx/tensor';
import { defaultExperiment, defaultOptimizer, type Experiment } from '../../../extension/protocol/experiment';
import { trialName } from '../../../extension/protocol/trial-ranking';
import { prescribe, type PrescribeResult } from '../../../extension/remedies/prescribe';
import { editsOf } from '../../../extension/remedies/source-edits/prescription-edits';
import { runTrial } from '../../../extension/remedies/trial-run';
import { Trainer } from '../../../extension/trainer/host';
import { formatNpz } from '../../../extension/training/data/npz';
import { Random } from '../../../extension/training/random';

const width = 16;
const hidden = ['fc1', 'fc2', 'fc3', 'fc4', 'fc5'];

const source = `import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
${hidden.map((name) => `        self.${name} = nn.Linear(${width}, ${width})`).join('\n')}
        self.head = nn.Linear(${width}, 4)
        nn.init.constant_(self.fc3.weight, 0.05)

    def forward(self, x):
${hidden.map((name) => `        x = torch.relu(self.${name}(x))`).join('\n')}
        return self.head(x)
`;

/** The network of the source above: Kaiming's weights, but for one value in all of fc3. */
function model(): Uint8Array {
  const random = new Random(3, 'weights');
  const g = new GraphBuilder(emptyGraph('network'));
  const linear = (name: string, x: Value, outputs: number): Value => {
    const draw = (): number => (name === 'fc3' ? 0.05 : Math.sqrt(2 / width) * random.normal());
    const parameter = (kind: string, shape: number[], values: () => number) =>
      g.initializer(
        `${name}.${kind}`,
        tensor('float32', shape, Array.from({ length: shape.reduce((a, b) => a * b) }, values)),
      );
    return g.at({ layer: name }, () =>
      g.gemm(x, parameter('weight', [outputs, width], draw), {
        transB: true,
        c: parameter('bias', [outputs], () => 0),
      }),
    );
  };
  let x = g.input('x', 'float32', [32, width]);
  for (const name of hidden) x = g.unary('Relu', linear(name, x, width));
  g.output(linear('head', x, 4));
  return exportGraph(g.graph);
}

/** Four clusters of points, which a network can tell apart. */
function data(): Uint8Array {
  const random = new Random(4, 'data');
  const centers = Array.from({ length: 4 * width }, () => 1.5 * random.normal());
  const target = Array.from({ length: 128 }, (_, row) => row % 4);
  const x = target.flatMap((label) =>
    centers.slice(label * width, (label + 1) * width).map((center) => center + random.normal()),
  );
  return formatNpz(
    new Map([
      ['x', tensor('float32', [128, width], x)],
      ['target', tensor('int64', [128], target)],
    ]),
  );
}

describe('a network with one faulty unit', function () {
  this.timeout(60_000);
  let folder: string;
  let result: PrescribeResult;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradient-doctor-'));
    await writeFile(join(folder, 'model.onnx'), model());
    await writeFile(join(folder, 'data.npz'), data());
    const experiment: Experiment = {
      ...defaultExperiment(join(folder, 'model.onnx')),
      data: { kind: 'file', path: join(folder, 'data.npz') },
      optimizer: { ...defaultOptimizer('adam'), lr: 5e-3 },
      steps: 100,
      threads: 1,
    };
    const trainer = new Trainer({ path: resolve('dist/trainer.js') });
    let trained = 0;
    result = await prescribe(
      experiment,
      {
        train: (each, signal, isHopeless) => runTrial(trainer, each, signal, isHopeless),
        diagnose,
        now: () => trained++,
      },
      { budget: Infinity },
    );
    await trainer.dispose();
  });

  after(() => rm(folder, { recursive: true }));

  it('is cured by a remedy on that unit alone', () => {
    const [best] = result.prescriptions;
    assert.ok(best?.healthy, result.trials.map((trial) => `${trialName(trial)}: ${trial.outcome}`).join('\n'));
    assert.deepEqual(
      best.remedies.map(({ units }) => units),
      [['fc3']],
    );
  });

  it('is edited there alone', () => {
    const { layers } = result.baseline.run.header.layout;
    const known = layers.map((layer) => ({ ...layer, source: { file: '/net.py', line: 17 } }));
    const edits = editsOf(result.prescriptions[0]!, known, (path) => (path === '/net.py' ? source : undefined))!;
    const changed = source.split('\n').filter((_, line) => edits.some(({ range }) => range.start.line === line));
    assert.deepEqual(changed, ['        nn.init.constant_(self.fc3.weight, 0.05)']);
  });
});
