/** Runs of a stack of layers, with the telemetry that a test asks for and unremarkable numbers everywhere else. */
import { defaultExperiment, defaultOptimizer } from '../../../extension/protocol/experiment';
import {
  activationColumn,
  activationColumns,
  fixedWidth,
  parameterColumn,
  rowWidth,
  stepColumn,
  type ActivationColumn,
  type LayerInfo,
  type ParameterColumn,
  type Run,
  type RunHeader,
  type StepColumn,
} from '../../../extension/protocol/run';

/** What a layer shows at a step, in place of what is unremarkable. */
type LayerTelemetry = Partial<Record<ActivationColumn, number>> & {
  /** RMS of ∂L/∂weight per element. */
  weightGradient?: number;
  weightNonFinite?: number;
  updateNorm?: number;
  weightNorm?: number;
};

export interface RunPlan {
  /** Weight layers `layers.0`, `layers.2` …, each followed by its activation, then the linear layer `head`. */
  depth: number;
  steps: number;
  activation?: 'Sigmoid' | 'Relu' | 'Tanh';
  header?: Partial<Omit<RunHeader, 'layout'>>;
  settings?: Partial<RunHeader['settings']>;
  /** Columns of a step; the loss falls to a tenth where nothing else is said. */
  step?: (step: number) => Partial<Record<StepColumn, number>>;
  /** Weight layers that are queries or keys. */
  scores?: readonly string[];
  /** ‖∂L/∂h‖ of the layer `layers.0`, by time step. */
  throughTime?: readonly number[];
  /** @param index of the layer, activations counted; @param depth 0 at the first layer, 1 at the last */
  layer?: (info: LayerInfo, step: number, index: number, depth: number) => LayerTelemetry;
}

const weights = 16;

export function makeRun({
  depth,
  steps,
  activation = 'Relu',
  header,
  settings,
  step,
  layer,
  scores = [],
  throughTime = [],
}: RunPlan): Run {
  const layers = [
    ...Array.from({ length: depth }, (_, i) => [
      linear(`layers.${2 * i}`),
      { name: `layers.${2 * i + 1}`, op: activation, kind: 'activation' as const, parameters: [] },
    ]).flat(),
    linear('head'),
  ].map((info): LayerInfo => (scores.includes(info.name) ? { ...info, scores: true } : info));
  const parameters = layers.flatMap((info) =>
    info.parameters.map((name) => ({ name, shape: [4, 4], size: weights, trainable: true })),
  );
  const recurrent = { layer: 'layers.0', offset: fixedWidth({ layers, parameters }), length: throughTime.length };
  const layout = { layers, parameters, throughTime: throughTime.length > 0 ? [recurrent] : [] };
  const width = rowWidth(layout);
  const rows = new Float32Array(steps * width);
  for (let s = 0; s < steps; s++) {
    const row = rows.subarray(s * width, (s + 1) * width);
    const columns: Partial<Record<StepColumn, number>> = {
      loss: 2 * 0.1 ** (s / steps),
      learningRate: 0.1,
      validationLoss: NaN,
      gradientNorm: 1,
      clippedGradientNorm: 1,
      ...step?.(s),
    };
    for (const [name, value] of Object.entries(columns)) row[stepColumn(name as StepColumn)] = value;
    row.set(throughTime, recurrent.offset);
    layers.forEach((info, index) => {
      const telemetry = layer?.(info, s, index, index / (layers.length - 1)) ?? {};
      const usual: Record<ActivationColumn, number> = {
        mean: 0.1,
        std: 1,
        zeroShare: info.op === 'Relu' ? 0.5 : NaN,
        saturatedShare: info.op === 'Sigmoid' || info.op === 'Tanh' ? 0.1 : NaN,
        deadShare: info.op === 'Relu' ? 0 : NaN,
        gradientRms: 0.01,
        gradientMaxAbs: 0.03,
        gradientNonFinite: 0,
      };
      for (const column of activationColumns) row[activationColumn(index, column)] = telemetry[column] ?? usual[column];
      info.parameters.forEach((name) => {
        const gradient = telemetry.weightGradient ?? 0.01;
        const own: Record<ParameterColumn, number> = {
          gradientNorm: gradient * Math.sqrt(weights),
          gradientMaxAbs: 3 * gradient,
          gradientNonFinite: telemetry.weightNonFinite ?? 0,
          weightNorm: telemetry.weightNorm ?? 2,
          updateNorm: telemetry.updateNorm ?? gradient * Math.sqrt(weights) * 0.1,
        };
        const parameter = parameters.findIndex((one) => one.name === name);
        for (const [column, value] of Object.entries(own))
          row[parameterColumn(layout, parameter, column as ParameterColumn)] = value;
      });
    });
  }
  const full: RunHeader = {
    model: 'model.onnx',
    modelHash: '0'.repeat(64),
    provider: 'cpu',
    notes: [],
    ...header,
    layout,
    settings: {
      ...defaultExperiment('model.onnx'),
      optimizer: defaultOptimizer('sgd'),
      batch: 32,
      loss: 'cross-entropy',
      output: 'y',
      mode: 'train',
      threads: 1,
      ...settings,
    },
  };
  return { header: full, steps, rows, end: { kind: 'finished' } };
}

const linear = (name: string): LayerInfo => ({
  name,
  op: 'Gemm',
  kind: 'linear',
  parameters: [`${name}.weight`],
});
