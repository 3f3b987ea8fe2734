import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defaultExperiment } from '../../extension/protocol/experiment';
import { findRemedy, remedies } from '../../extension/remedies';
import { DoesNotFit } from '../../extension/remedies/remedy';
import { parseNpz } from '../../extension/training/data/npz';
import { treat } from './treat';

const folder = resolve('test/fixtures/remedies');

/** A model that each remedy has nothing to apply to, and the reason that a user reads. */
const misfits: Readonly<Record<string, readonly [model: string, reason: RegExp]>> = {
  'xavier-uniform': ['nothing', /no linear or convolution weights/],
  'xavier-normal': ['nothing', /no linear or convolution weights/],
  'kaiming-uniform': ['nothing', /no linear or convolution weights/],
  'kaiming-normal': ['nothing', /no linear or convolution weights/],
  orthogonal: ['nothing', /no linear or convolution weights/],
  lsuv: ['nothing', /no linear or convolution weights/],
  'batch-norm': ['rnn', /No hidden linear or convolution layer without normalization/],
  'layer-norm': ['cnn', /No hidden linear or recurrent layer without normalization.*batch-norm/],
  'weight-norm': ['nothing', /no linear or convolution weight/],
  'spectral-norm': ['nothing', /no linear or convolution weight/],
  relu: ['rnn', /no hidden activation to replace by relu/],
  'leaky-relu': ['rnn', /no hidden activation/],
  elu: ['rnn', /no hidden activation/],
  selu: ['rnn', /no hidden activation/],
  gelu: ['rnn', /no hidden activation/],
  silu: ['rnn', /no hidden activation/],
  mish: ['rnn', /no hidden activation/],
  residual: ['rnn', /no hidden block that a skip could go around/],
  'long-skip': ['rnn', /No two hidden layers three or more apart/],
  highway: ['rnn', /hidden blocks whose output has the shape of their input/],
  lstm: ['mlp', /no vanilla RNN layer/],
  gru: ['mlp', /no vanilla RNN layer/],
  'self-attention': ['cnn', /no recurrent layer/],
  logits: ['mlp', /does not end in a softmax or sigmoid/],
};

/** Parameters that each remedy of the training refuses. */
const refused: Readonly<Record<string, Record<string, number>>> = {
  'clip-grad-norm': { max_norm: 0 },
  'clip-grad-value': { clip_value: -1 },
  'exponential-lr': { gamma: -0.5 },
  'cosine-annealing-lr': { t_max: 0 },
  'reduce-lr-on-plateau': { factor: 2 },
  'step-lr': { step_size: 0.5 },
  'lower-lr': { factor: 3 },
  'raise-lr': { factor: 0.1 },
  warmup: { steps: 0 },
};

/** What is left of a model where nothing can be trained the usual way: no parameter counts as one. */
const untrained = 'nothing';

describe('a remedy that does not fit is refused with the reason', () => {
  for (const [remedy, [model, reason]] of Object.entries(misfits))
    for (const exporter of ['dynamo', 'script'])
      it(`${remedy} on ${model === untrained ? 'a model without weights' : model}, exported by ${exporter}`, async () => {
        const name = model === untrained ? 'mlp' : model;
        const batch = parseNpz(new Uint8Array(readFileSync(join(folder, `${name}.batch.npz`))));
        const file = join(folder, `${name}.${exporter}.onnx`);
        await assert.rejects(
          treat(file, remedy, {}, batch, model === untrained ? { parameters: [] } : {}),
          (error) => error instanceof DoesNotFit && reason.test(error.message),
        );
      });

  for (const [remedy, parameters] of Object.entries(refused))
    it(`${remedy} with parameters out of range`, () => {
      assert.equal(findRemedy(remedy)!.parameters.safeParse(parameters).success, false);
    });

  it('for every remedy', () => {
    assert.deepEqual(
      remedies.map(({ id }) => id).filter((id) => !(id in misfits) && !(id in refused)),
      [],
    );
  });
});

describe('a remedy of the training', () => {
  for (const remedy of remedies.filter(({ tier }) => tier !== 'architecture'))
    it(`changes how the experiment is trained: ${remedy.id}`, () => {
      const before = defaultExperiment('model.onnx');
      const { clipping, schedule, optimizer } = remedy.configure!(before, remedy.parameters.parse({}));
      const changes = [clipping !== undefined, schedule?.id === remedy.id, optimizer.lr !== before.optimizer.lr];
      assert.equal(changes.filter(Boolean).length, 1);
    });
});
