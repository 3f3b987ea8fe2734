/** Runs that look like real ones, for the panel alone: no trainer, no editor. */
import {
  activationColumn,
  parameterColumn,
  rowWidth,
  stepColumn,
  type LayerInfo,
  type RunHeader,
  type TelemetryLayout,
} from '../../extension/protocol/run';

export interface SyntheticRun {
  header: RunHeader;
  steps: Int32Array;
  rows: Float32Array;
}

export interface SyntheticOptions {
  /** Layers, half of them linear and half activations. */
  layers: number;
  steps: number;
  /** How much of the gradient each linear layer passes on to the one before it. */
  passed?: number;
  /** Length of the sequence of a recurrent layer; none by default. */
  time?: number;
  /** Puts zeros, NaN and infinities into the run. */
  broken?: boolean;
  clipped?: boolean;
}

/** A stack of linear layers and activations, in two modules. */
export function syntheticLayout(layers: number, time = 0): TelemetryLayout {
  const infos = Array.from({ length: layers }, (_, index): LayerInfo => {
    const linear = index % 2 === 0;
    const name = `${index < layers / 2 ? 'encoder' : 'decoder'}.layers.${index}`;
    return {
      name,
      op: linear ? 'Gemm' : 'Sigmoid',
      kind: linear ? 'linear' : 'activation',
      parameters: linear ? [`${name}.weight`, `${name}.bias`] : [],
      source: { file: 'model.py', line: 12 + index },
    };
  });
  const parameters = infos.flatMap((info) =>
    info.parameters.map((name) => ({ name, shape: [64, 64], size: 4096, trainable: true })),
  );
  const layout = { layers: infos, parameters, throughTime: [] };
  return time > 0
    ? { ...layout, throughTime: [{ layer: infos[0]!.name, offset: rowWidth(layout), length: time }] }
    : layout;
}

/** A reproducible noise in 0…1. */
const noise = (seed: number): number => {
  const value = Math.sin(seed * 12.9898) * 43758.5453;
  return value - Math.floor(value);
};

export function syntheticRun({
  layers,
  steps,
  passed = 0.5,
  time = 0,
  broken,
  clipped,
}: SyntheticOptions): SyntheticRun {
  const layout = syntheticLayout(layers, time);
  const width = rowWidth(layout);
  const rows = new Float32Array(width * steps);
  for (let step = 0; step < steps; step++) {
    const row = rows.subarray(step * width, (step + 1) * width);
    const progress = step / Math.max(1, steps);
    let whole = 0;
    let parameter = 0;
    layout.layers.forEach(({ parameters }, layer) => {
      const fromEnd = (layers - layer) / 2;
      const jitter = 0.7 + 0.6 * noise(step * 31 + layer * 7);
      const gradient = passed ** fromEnd * (0.2 + Math.exp(-3 * progress)) * jitter;
      const activation = (column: Parameters<typeof activationColumn>[1], value: number) => {
        row[activationColumn(layer, column)] = value;
      };
      activation('mean', 0.5 + 0.1 * Math.sin(layer + progress));
      activation('std', 0.1 + 0.9 * 0.97 ** layer * jitter);
      activation('zeroShare', NaN);
      activation('saturatedShare', parameters.length > 0 ? NaN : Math.min(1, 0.1 + 0.4 * progress * jitter));
      activation('deadShare', NaN);
      activation('gradientRms', gradient / 64);
      activation('gradientMaxAbs', gradient / 10);
      activation('gradientNonFinite', 0);
      for (let i = 0; i < parameters.length; i++, parameter++) {
        const value = (column: Parameters<typeof parameterColumn>[2], size: number) => {
          row[parameterColumn(layout, parameter, column)] = size;
        };
        value('gradientNorm', gradient);
        value('gradientMaxAbs', gradient / 8);
        value('gradientNonFinite', 0);
        value('weightNorm', 5);
        value('updateNorm', 0.1 * gradient);
        whole = Math.hypot(whole, gradient);
        if (broken && layer < 4 && step > steps / 2) value('gradientNorm', 0);
        if (broken && layer === 6 && step > steps * 0.7) {
          value('gradientNorm', step % 2 === 0 ? NaN : Infinity);
          value('gradientNonFinite', 5);
        }
      }
    });
    row[stepColumn('loss')] = 0.4 + 2 * Math.exp(-4 * progress) + 0.08 * noise(step);
    row[stepColumn('learningRate')] = 0.05 * (1 + Math.cos(Math.PI * progress));
    row[stepColumn('validationLoss')] = step % 10 === 0 ? 0.5 + 2 * Math.exp(-3.5 * progress) : NaN;
    row[stepColumn('gradientNorm')] = whole;
    row[stepColumn('clippedGradientNorm')] = clipped ? Math.min(whole, 0.5) : NaN;
    for (const { offset, length } of layout.throughTime)
      for (let t = 0; t < length; t++) row[offset + t] = 0.85 ** (length - t) * (0.3 + noise(step + t));
  }
  return {
    header: {
      model: '/models/deep_sigmoid.onnx',
      modelHash: '0'.repeat(64),
      provider: 'cpu',
      settings: {
        model: '/models/deep_sigmoid.onnx',
        data: { kind: 'synthetic' },
        batch: 64,
        loss: 'cross-entropy',
        output: 'logits',
        mode: 'train',
        threads: 2,
        optimizer: { id: 'sgd', lr: 0.1, momentum: 0, nesterov: false, weightDecay: 0, betas: [0.9, 0.999], eps: 1e-8 },
        remedies: [],
        steps,
        seed: 0,
        provider: 'cpu',
      },
      layout,
      notes: [],
    },
    steps: Int32Array.from({ length: steps }, (_, step) => step),
    rows,
  };
}
