/** Programs of TensorFlow.js, remedies, and what must hold of the model after the edit. */
import assert from 'node:assert/strict';
import type * as tfTypes from '@tensorflow/tfjs';
import type { Use } from '../../../../extension/protocol/experiment';
import { use } from './edit';

export interface TensorFlowCase {
  name: string;
  program: string;
  uses: Use | readonly Use[];
  /** TypeScript, instead of JavaScript. */
  types?: boolean;
  contains?: readonly string[];
  /** Looks at what the edited program made. */
  check: (after: Made, tf: typeof tfTypes) => void;
  again?: RegExp;
}

/** What a program leaves behind. */
export interface Made {
  model: tfTypes.LayersModel;
  /** The learning rate of every step. */
  rates: number[];
  /** The largest element and the norm of the gradients of every step. */
  largest: number[];
  norms: number[];
}

const start = `import * as tf from '@tensorflow/tfjs';

const x = tf.randomNormal([32, 8], 0, 1, 'float32', 1);
const y = tf.randomNormal([32, 2], 0, 5, 'float32', 2);
`;

const sequence = `${start}
const model = tf.sequential({
  layers: [
    tf.layers.dense({ units: 16, activation: 'sigmoid', inputShape: [8] }),
    tf.layers.dense({ units: 16, activation: 'sigmoid' }),
    tf.layers.dense({ units: 16, activation: 'sigmoid' }),
    tf.layers.dense({ units: 16, activation: 'sigmoid' }),
    tf.layers.dense({ units: 16, activation: 'sigmoid' }),
    tf.layers.dense({ units: 2 }),
  ],
});
model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
await model.fit(x, y, { epochs: 4, batchSize: 32, verbose: 0 });
`;

const added = `${start}
const model: tf.Sequential = tf.sequential();
model.add(tf.layers.dense({ units: 16, activation: 'tanh', inputShape: [8] }));
for (let i = 0; i < 2; i++) {
  model.add(tf.layers.dense({ units: 16, activation: 'tanh' }));
}
model.add(tf.layers.dense({ units: 2 }));
model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
await model.fit(x, y, { epochs: 4, batchSize: 32, verbose: 0 });
`;

const functional = `${start}
const input = tf.input({ shape: [8] });
const h1 = tf.layers.dense({ units: 16, activation: 'sigmoid' }).apply(input);
const h2 = tf.layers.dense({ units: 16, activation: 'sigmoid' }).apply(h1);
const h3 = tf.layers.dense({ units: 16, activation: 'sigmoid' }).apply(h2);
const h4 = tf.layers.dense({ units: 16, activation: 'sigmoid' }).apply(h3);
const output = tf.layers.dense({ units: 2 }).apply(h4);
const model = tf.model({ inputs: input, outputs: output });
model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
await model.fit(x, y, { epochs: 4, batchSize: 32, verbose: 0 });
`;

const typed = functional.replace(/(\.apply\(\w+\));/g, '$1 as tf.SymbolicTensor;');

const separate = `${start}
const model = tf.sequential();
model.add(tf.layers.dense({ units: 16, inputShape: [8] }));
model.add(tf.layers.reLU());
model.add(tf.layers.dense({ units: 16 }));
model.add(tf.layers.reLU());
model.add(tf.layers.dense({ units: 2 }));
`;

const convolutional = `${start}
const model = tf.sequential({
  layers: [
    tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [8, 8, 3] }),
    tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 2 }),
  ],
});
`;

const recurrent = (type: string): string => `${start}
const model = tf.sequential({
  layers: [
    tf.layers.${type}({ units: 8, returnSequences: true, inputShape: [5, 8] }),
    tf.layers.${type}({ units: 8 }),
    tf.layers.dense({ units: 2 }),
  ],
});
`;

const loop = `${start}
const weights = tf.variable(tf.randomNormal([8, 2], 0, 1, 'float32', 3));
const optimizer = tf.train.sgd(0.1);
for (let epoch = 0; epoch < 4; epoch++) {
  const { grads } = tf.variableGrads(() => tf.losses.meanSquaredError(y, tf.matMul(x, weights)));
  optimizer.applyGradients(grads);
}
`;

const minimized = `${start}
const weights = tf.variable(tf.randomNormal([8, 2], 0, 1, 'float32', 3));
const optimizer = tf.train.adam(0.1);
for (let epoch = 0; epoch < 4; epoch++) {
  optimizer.minimize(() => tf.losses.meanSquaredError(y, tf.matMul(x, weights)));
}
`;

const runs =
  (shape: readonly number[] = [4, 8]) =>
  ({ model }: Made, tf: typeof tfTypes): void => {
    const { grads } = tf.variableGrads(() => {
      const output = model.apply(tf.randomNormal([...shape]), { training: true }) as tfTypes.Tensor;
      return output.square().sum<tfTypes.Scalar>();
    });
    assert.ok(Object.keys(grads).length >= 2);
    for (const [name, gradient] of Object.entries(grads)) {
      const largest = gradient.abs().max().dataSync()[0]!;
      assert.ok(Number.isFinite(largest), `${name} has a gradient of ${largest}`);
    }
  };

const classNames = ({ model }: Made): string[] => model.layers.map((layer) => layer.getClassName());

const counts =
  (name: string, count: number, shape?: readonly number[]) =>
  (made: Made, tf: typeof tfTypes): void => {
    assert.equal(classNames(made).filter((each) => each === name).length, count, classNames(made).join());
    runs(shape)(made, tf);
  };

const atMost =
  (limit: number, which: 'norms' | 'largest') =>
  (made: Made): void => {
    assert.ok(made[which].length >= 4);
    assert.ok(Math.max(...made[which]) <= limit * 1.0001, made[which].join());
    assert.ok(Math.max(...made[which]) > limit * 0.9, 'clipped harder than asked for');
  };

const follows =
  (rate: (step: number) => number) =>
  ({ rates }: Made): void => {
    assert.equal(rates.length, 4);
    rates.forEach((each, step) => {
      assert.ok(Math.abs(each - rate(step)) < 1e-9, `step ${step}: ${each} instead of ${rate(step)}`);
    });
  };

const deviations =
  (expected: readonly number[]) =>
  ({ model }: Made, tf: typeof tfTypes): void => {
    const found = model.layers.map((layer) => Math.sqrt(tf.moments(layer.getWeights()[0]!).variance.dataSync()[0]!));
    expected.forEach((each, index) => {
      assert.ok(Math.abs(found[index]! / each - 1) < 0.1, `layer ${index}: ${found[index]} instead of ${each}`);
    });
  };

/** Wide layers, of which the deviation of the weights can be told. */
/** TensorFlow.js draws normals within two deviations, and does not make up for it. */
const truncated = 0.88;

const wide = (activation: string): string => `${start}
const model = tf.sequential();
model.add(tf.layers.dense({ units: 200, activation: '${activation}', inputShape: [100] }));
model.add(tf.layers.dense({ units: 200, activation: '${activation}' }));
model.add(tf.layers.dense({ units: 100 }));
`;

const initialization: readonly TensorFlowCase[] = [
  {
    name: 'before ReLU',
    program: wide('relu'),
    uses: use('kaiming-normal'),
    contains: ["kernelInitializer: 'heNormal' }", "kernelInitializer: 'leCunNormal' }"],
    check: deviations([Math.sqrt(2 / 100), Math.sqrt(2 / 200), Math.sqrt(1 / 200)].map((each) => each * truncated)),
    again: /already/,
  },
  {
    name: 'before ReLU',
    program: wide('relu'),
    uses: use('kaiming-uniform'),
    check: deviations([Math.sqrt(2 / 100), Math.sqrt(2 / 200), Math.sqrt(1 / 200)]),
  },
  {
    name: 'model.add',
    program: wide('tanh'),
    uses: use('xavier-uniform'),
    check: deviations([Math.sqrt(2 / 300), Math.sqrt(2 / 400), Math.sqrt(2 / 300)]),
    again: /already/,
  },
  {
    name: 'an initializer of its own is replaced',
    program: wide('tanh').replace('inputShape: [100]', "kernelInitializer: 'zeros', inputShape: [100]"),
    uses: use('xavier-normal'),
    check: deviations([Math.sqrt(2 / 300), Math.sqrt(2 / 400), Math.sqrt(2 / 300)].map((each) => each * truncated)),
  },
  {
    name: 'functional',
    program: functional,
    uses: use('orthogonal'),
    check: ({ model }, tf) => {
      const kernel = model.layers[2]!.getWeights()[0] as tfTypes.Tensor2D;
      assert.ok(kernel);
      runs()({ model } as Made, tf);
    },
  },
  {
    name: 'recurrent weights',
    program: recurrent('lstm').replaceAll('units: 8', "units: 8, recurrentInitializer: 'glorotUniform'"),
    uses: use('orthogonal'),
    contains: ["recurrentInitializer: 'orthogonal'"],
    check: runs([4, 5, 8]),
    again: /by default/,
  },
  {
    name: 'before fit',
    program: sequence.replaceAll('sigmoid', 'tanh').replace('sgd(0.1)', 'sgd(1e-9)'),
    uses: use('lsuv'),
    contains: ['lsuv(model, x);\nawait model.fit('],
    check: ({ model }, tf) => {
      const x = tf.randomNormal([32, 8], 0, 1, 'float32', 1);
      let h: tfTypes.Tensor = x;
      for (const layer of model.layers) {
        const [kernel, bias] = layer.getWeights() as [tfTypes.Tensor2D, tfTypes.Tensor];
        const before = h.matMul<tfTypes.Tensor>(kernel).add(bias);
        const deviation = Math.sqrt(tf.moments(before).variance.dataSync()[0]!);
        assert.ok(Math.abs(deviation - 1) <= 0.11, `${layer.name}: ${deviation}`);
        h = layer.apply(h) as tfTypes.Tensor;
      }
    },
    again: /already/,
  },
  { name: 'typed', program: added, types: true, uses: use('lsuv'), check: runs() },
];

const normalization: readonly TensorFlowCase[] = [
  {
    name: 'items',
    program: sequence,
    uses: use('batch-norm'),
    contains: [
      "tf.layers.dense({ units: 16, useBias: false }),\n    tf.layers.batchNormalization({ momentum: 0.9, epsilon: 0.00001 }),\n    tf.layers.activation({ activation: 'sigmoid' }),",
    ],
    check: counts('BatchNormalization', 5),
    again: /already/,
  },
  {
    name: 'model.add in a loop, typed',
    program: added,
    types: true,
    uses: use('batch-norm'),
    contains: ["  model.add(tf.layers.activation({ activation: 'tanh' }));\n}"],
    check: counts('BatchNormalization', 3),
    again: /already/,
  },
  { name: 'functional', program: functional, uses: use('batch-norm'), check: counts('BatchNormalization', 4) },
  {
    name: 'functional, typed',
    program: typed,
    types: true,
    uses: use('batch-norm'),
    check: counts('BatchNormalization', 4),
  },
  {
    name: 'convolutions',
    program: convolutional,
    uses: use('batch-norm'),
    check: counts('BatchNormalization', 2, [2, 8, 8, 3]),
  },
  { name: 'separate activations', program: separate, uses: use('batch-norm'), check: counts('BatchNormalization', 2) },
  {
    name: 'items',
    program: sequence,
    uses: use('layer-norm'),
    check: counts('LayerNormalization', 5),
    again: /already/,
  },
  { name: 'functional', program: functional, uses: use('layer-norm'), check: counts('LayerNormalization', 4) },
  {
    name: 'after a recurrent layer',
    program: recurrent('gru'),
    uses: use('layer-norm'),
    check: counts('LayerNormalization', 1, [4, 5, 8]),
  },
];

const activation: readonly TensorFlowCase[] = [
  ...(['relu', 'elu', 'selu', 'gelu', 'silu', 'mish'] as const).flatMap((id): TensorFlowCase[] => [
    { name: 'items', program: sequence, uses: use(id), check: runs(), again: /already/ },
    { name: 'functional', program: functional, uses: use(id), check: runs() },
    ...(id === 'relu' ? [] : [{ name: 'a layer of its own', program: separate, uses: use(id), check: runs() }]),
  ]),
  {
    name: 'as a layer after each',
    program: sequence,
    uses: use('leaky-relu', { slope: 0.2 }),
    contains: ['tf.layers.dense({ units: 16 }),\n    tf.layers.leakyReLU({ alpha: 0.2 }),'],
    check: counts('LeakyReLU', 5),
    again: /already/,
  },
  { name: 'functional', program: functional, uses: use('leaky-relu'), check: counts('LeakyReLU', 4) },
  { name: 'model.add, typed', program: added, types: true, uses: use('leaky-relu'), check: counts('LeakyReLU', 3) },
];

const skips: readonly TensorFlowCase[] = [
  {
    name: 'items',
    program: sequence,
    uses: use('residual'),
    contains: ["residual([16], [tf.layers.dense({ units: 16, activation: 'sigmoid' })]),"],
    check: counts('Model', 4),
    again: /./,
  },
  {
    name: 'model.add, typed',
    program: added,
    types: true,
    uses: use('residual'),
    check: counts('Model', 2),
  },
  {
    name: 'functional',
    program: functional,
    uses: use('residual'),
    contains: [
      "const h2 = tf.layers.add().apply([h1, tf.layers.dense({ units: 16, activation: 'sigmoid' }).apply(h1)]);",
    ],
    check: counts('Add', 3),
    again: /already/,
  },
  { name: 'functional, typed', program: typed, types: true, uses: use('residual'), check: counts('Add', 3) },
  { name: 'convolutions', program: convolutional, uses: use('residual'), check: counts('Model', 1, [2, 8, 8, 3]) },
  { name: 'separate activations', program: separate, uses: use('residual'), check: counts('Model', 1) },
  { name: 'items', program: sequence, uses: use('highway'), check: counts('Model', 4) },
  { name: 'functional', program: functional, uses: use('highway'), check: counts('HighwayMix', 3) },
  { name: 'functional, typed', program: typed, types: true, uses: use('highway'), check: counts('HighwayMix', 3) },
  { name: 'convolutions', program: convolutional, uses: use('highway'), check: counts('Model', 1, [2, 8, 8, 3]) },
  { name: 'items', program: sequence, uses: use('long-skip'), check: counts('Model', 1) },
  {
    name: 'functional',
    program: functional,
    uses: use('long-skip'),
    contains: ['const longSkip1 = h1;', 'tf.layers.add().apply([longSkip1, '],
    check: counts('Add', 1),
    again: /No two hidden layers/,
  },
  { name: 'functional, typed', program: typed, types: true, uses: use('long-skip'), check: counts('Add', 1) },
];

const cells: readonly TensorFlowCase[] = (['lstm', 'gru'] as const).map((id) => ({
  name: 'items',
  program: recurrent('simpleRNN'),
  uses: use(id),
  check: counts(id.toUpperCase(), 2, [4, 5, 8]),
  again: /no vanilla RNN/,
}));

/** The output of a sequence's last step depends on its first, which is the point; the weights train. */
const attends = (made: Made, tf: typeof tfTypes): void => {
  counts('SelfAttention', 2, [4, 5, 8])(made, tf);
  const { model } = made;
  const x = tf.randomNormal([2, 5, 8], 0, 1, 'float32', 3);
  const changed = x.add(tf.oneHot([0], 5).reshape([1, 5, 1]));
  const [before, after] = [x, changed].map((input) => (model.predict(input) as tfTypes.Tensor).dataSync());
  assert.ok(before!.some((value, i) => Math.abs(value - after![i]!) > 1e-6));
  const { grads } = tf.variableGrads(() =>
    (model.apply(x, { training: true }) as tfTypes.Tensor).square().sum().asScalar(),
  );
  assert.equal(Object.keys(grads).length, 2 * 8 + 2);
  for (const gradient of Object.values(grads)) assert.ok(gradient.isFinite().all().dataSync()[0]);
};

const attention: readonly TensorFlowCase[] = [
  {
    name: 'items',
    program: recurrent('lstm'),
    uses: use('self-attention'),
    contains: ['new SelfAttention({ units: 8, returnSequences: true, inputShape: [5, 8] })'],
    check: attends,
    again: /already/,
  },
  {
    name: 'typed, with options of a recurrent layer, and heads that divide the width',
    program: recurrent('simpleRNN').replaceAll('units: 8', "units: 8, activation: 'tanh'"),
    types: true,
    uses: use('self-attention', { heads: 3 }),
    contains: ['new SelfAttention({ units: 8, heads: 3 })'],
    check: attends,
  },
];

const training: readonly TensorFlowCase[] = [
  {
    name: 'compile and fit',
    program: sequence,
    uses: use('clip-grad-norm', { max_norm: 0.01 }),
    contains: ['optimizer: clipByGlobalNorm(tf.train.sgd(0.1), 0.01)'],
    check: atMost(0.01, 'norms'),
    again: /already/,
  },
  {
    name: 'applyGradients',
    program: loop,
    uses: use('clip-grad-norm', { max_norm: 0.01 }),
    check: atMost(0.01, 'norms'),
    again: /already/,
  },
  {
    name: 'minimize',
    program: minimized,
    uses: use('clip-grad-norm', { max_norm: 0.01 }),
    check: atMost(0.01, 'norms'),
  },
  {
    name: 'an optimizer by name, typed',
    program: added,
    types: true,
    uses: use('clip-grad-norm', { max_norm: 0.01 }),
    check: atMost(0.01, 'norms'),
  },
  {
    name: 'an optimizer by name, that has no learning rate of its own',
    program: added.replace("'adam'", "'sgd'"),
    types: true,
    uses: use('clip-grad-norm', { max_norm: 0.01 }),
    contains: ['clipByGlobalNorm(tf.train.sgd(0.01), 0.01)'],
    check: atMost(0.01, 'norms'),
  },
  {
    name: 'compile and fit',
    program: sequence,
    uses: use('clip-grad-value', { clip_value: 0.001 }),
    check: atMost(0.001, 'largest'),
  },
  {
    name: 'applyGradients',
    program: loop,
    uses: use('clip-grad-value', { clip_value: 0.001 }),
    check: atMost(0.001, 'largest'),
    again: /already/,
  },
  {
    name: 'fit',
    program: sequence,
    uses: use('exponential-lr', { gamma: 0.5 }),
    contains: ['callbacks: learningRateSchedule(model, (initial, epoch) => initial * 0.5 ** epoch)'],
    check: follows((step) => 0.1 * 0.5 ** step),
    again: /already/,
  },
  {
    name: 'fit, typed',
    program: added,
    types: true,
    uses: use('exponential-lr', { gamma: 0.5 }),
    check: follows((step) => 0.001 * 0.5 ** step),
  },
  {
    name: 'a loop of its own',
    program: loop,
    uses: use('exponential-lr', { gamma: 0.5 }),
    contains: ['  setLearningRate(optimizer, 0.1 * 0.5 ** epoch);\n'],
    check: follows((step) => 0.1 * 0.5 ** step),
    again: /already/,
  },
  {
    name: 'fit: over its epochs',
    program: sequence,
    uses: use('cosine-annealing-lr'),
    check: follows((step) => (0.1 * (1 + Math.cos((Math.PI * step) / 4))) / 2),
  },
  {
    name: 'a loop, to a lowest rate',
    program: minimized,
    uses: use('cosine-annealing-lr', { eta_min: 0.01 }),
    check: follows((step) => 0.01 + (0.09 * (1 + Math.cos((Math.PI * step) / 4))) / 2),
  },
  {
    name: 'beside another callback',
    program: sequence.replace('verbose: 0', 'verbose: 0, callbacks: { onEpochEnd: () => undefined }'),
    uses: use('step-lr', { step_size: 2, gamma: 0.5 }),
    contains: ['callbacks: [{ onEpochEnd: () => undefined }, learningRateSchedule('],
    check: follows((step) => 0.1 * 0.5 ** Math.floor(step / 2)),
    again: /already/,
  },
  {
    name: 'a loop',
    program: loop,
    uses: use('step-lr', { step_size: 2, gamma: 0.5 }),
    check: follows((step) => 0.1 * 0.5 ** Math.floor(step / 2)),
  },
  {
    name: 'fit',
    program: sequence.replace('sgd(0.1)', 'sgd(0)'),
    uses: use('reduce-lr-on-plateau', { factor: 0.5, patience: 0 }),
    contains: ['callbacks: reduceOnPlateau(model, 0.5, 0)'],
    check: follows(() => 0),
    again: /already/,
  },
  {
    name: 'fit, typed: a loss that stalls at once',
    program: added.replace("'adam'", 'tf.train.adam(1e-30)'),
    types: true,
    uses: use('reduce-lr-on-plateau', { factor: 0.5, patience: 0 }),
    check: follows((step) => 1e-30 * 0.5 ** Math.max(0, step - 1)),
  },
  {
    name: 'fit: by batch',
    program: sequence,
    uses: use('warmup', { steps: 2, start_factor: 0.5 }),
    check: follows((step) => 0.1 * Math.min(1, 0.5 + (0.5 * step) / 2)),
    again: /already/,
  },
  {
    name: 'a loop',
    program: loop,
    uses: use('warmup', { steps: 2, start_factor: 0.5 }),
    check: follows((step) => 0.1 * Math.min(1, 0.5 + (0.5 * step) / 2)),
  },
  {
    name: 'together',
    program: sequence,
    uses: [use('warmup', { steps: 2 }), use('relu'), use('kaiming-normal'), use('clip-grad-norm', { max_norm: 0.01 })],
    check: atMost(0.01, 'norms'),
  },
  {
    name: 'a number',
    program: sequence,
    uses: use('lower-lr'),
    contains: ['tf.train.sgd(0.01)'],
    check: follows(() => 0.01),
  },
  {
    name: 'a name',
    program: added,
    types: true,
    uses: use('lower-lr'),
    contains: ['optimizer: tf.train.adam(0.0001)'],
    check: follows(() => 0.0001),
  },
  { name: 'a loop', program: minimized, uses: use('lower-lr', { factor: 0.5 }), check: follows(() => 0.05) },
];

const outputs: readonly TensorFlowCase[] = [
  { name: 'a number', program: sequence, uses: use('raise-lr', { factor: 2 }), check: follows(() => 0.2) },
  {
    name: 'the last activation',
    program: sequence
      .replace('units: 2 }', "units: 2, activation: 'softmax' }")
      .replace("'meanSquaredError'", 'tf.losses.softmaxCrossEntropy'),
    uses: use('logits'),
    contains: ["units: 2, activation: 'linear' }"],
    check: runs(),
    again: /no softmax/,
  },
];

export const tensorFlowCases: readonly TensorFlowCase[] = [
  ...initialization,
  ...normalization,
  ...activation,
  ...skips,
  ...cells,
  ...attention,
  ...training,
  ...outputs,
];

export const programs = { sequence, added, functional, separate, convolutional, loop };
