import { defaultExperiment } from '../../../extension/protocol/experiment';
import { rowWidth, type RunHeader, type TelemetryLayout, type Run } from '../../../extension/protocol/run';

/** Two linear layers with an activation between them; the second linear layer has a bias. */
export const aLayout = (): TelemetryLayout => ({
  layers: [
    { name: 'body.0', op: 'Gemm', kind: 'linear', parameters: ['body.0.weight'] },
    { name: 'body.1', op: 'Sigmoid', kind: 'activation', parameters: [] },
    {
      name: 'head',
      op: 'Gemm',
      kind: 'linear',
      parameters: ['head.weight', 'head.bias'],
      source: { file: 'model.py', line: 7 },
    },
  ],
  parameters: [
    { name: 'body.0.weight', shape: [4, 3], size: 12, trainable: true },
    { name: 'head.weight', shape: [2, 4], size: 8, trainable: true },
    { name: 'head.bias', shape: [2], size: 2, trainable: true },
  ],
  throughTime: [],
});

export const aHeader = (layout = aLayout()): RunHeader => ({
  model: '/models/small.onnx',
  modelHash: 'ab'.repeat(32),
  provider: 'cpu',
  settings: {
    ...defaultExperiment('/models/small.onnx'),
    batch: 16,
    loss: 'cross-entropy',
    output: 'logits',
    mode: 'train',
    threads: 1,
  },
  layout,
  notes: [],
});

/** A run whose telemetry is zero but where `set` writes. */
export function aRun(steps: number, set: (row: Float32Array, step: number) => void = () => undefined): Run {
  const header = aHeader();
  const width = rowWidth(header.layout);
  const rows = new Float32Array(steps * width);
  for (let step = 0; step < steps; step++) set(rows.subarray(step * width, (step + 1) * width), step);
  return { header, steps, rows, end: { kind: 'finished' } };
}
