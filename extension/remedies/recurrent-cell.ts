/** The recurrent cells that a vanilla RNN is replaced by: `nn.LSTM` and `nn.GRU` as ONNX operators. */
import { z } from 'zod';
import type { Value } from '../onnx/builder';
import { sizeOf, type Shape } from '../onnx/tensor';
import { newParameter } from './insertion';
import type { Patient } from './patient';
import { recurrentLayers, replaceRecurrent, type RecurrentLayer } from './recurrent-layers';
import { defineRemedy, DoesNotFit, type Remedy } from './remedy';
import { inUnits } from './units';

/** Gates in PyTorch's order of the weights' rows (i f g o; r z n), and where ONNX wants each (i o f c; z r h). */
const gateOrder = { LSTM: [0, 3, 1, 2], GRU: [1, 0, 2] } as const;

/** A remedy that puts another cell in the place of `nn.RNN`, with the same interface. */
export function recurrentCell(cell: 'LSTM' | 'GRU'): Remedy {
  return defineRemedy({
    id: cell.toLowerCase(),
    family: 'gate',
    tier: 'architecture',
    against: [
      'vanishing-through-time',
      'exploding-through-time',
      'vanishing-gradient',
      'exploding-gradient',
      'loss-not-decreasing',
      'saturated-units',
    ],
    parameters: z.strictObject({}),
    editSize: 3,
    changesNetwork: true,
    transform(patient, _parameters, units) {
      const layers = recurrentLayers(patient).filter((layer) => layer.cell === 'RNN' && inUnits(layer.layer, units));
      if (layers.length === 0) throw new DoesNotFit('The model has no vanilla RNN layer.');
      for (const layer of layers) replaceRecurrent(patient, layer, () => build(patient, layer, cell));
    },
  });
}

function build(patient: Patient, old: RecurrentLayer, cell: 'LSTM' | 'GRU'): { sequence: Value; state: () => Value } {
  const { g } = patient;
  const { hiddenSize, directions, depth } = old;
  let x = old.batchFirst ? g.transpose(old.input, [1, 0, 2]) : old.input;
  const [time, batch] = x.shape as [number, number, number];
  const states: Value[] = [];
  for (let level = 0; level < depth; level++) {
    const stacked = (kind: string): Value => stack(patient, old, cell, level, kind, x.shape[2]!);
    const bias = old.bias ? g.concat([stacked('bias_ih'), stacked('bias_hh')], 1) : undefined;
    const attributes = {
      hidden_size: hiddenSize,
      direction: directions === 2 ? 'bidirectional' : 'forward',
      ...(cell === 'GRU' ? { linear_before_reset: 1 } : {}),
    };
    const [all, last] = g.ops(cell, [x, stacked('weight_ih'), stacked('weight_hh'), bias], attributes, [
      { dtype: x.dtype, shape: [time, directions, batch, hiddenSize] },
      { dtype: x.dtype, shape: [directions, batch, hiddenSize] },
    ]) as [Value, Value];
    states.push(last);
    x = g.reshape(g.transpose(all, [0, 2, 1, 3]), [time, batch, directions * hiddenSize]);
  }
  return { sequence: old.batchFirst ? g.transpose(x, [1, 0, 2]) : x, state: () => g.concat(states, 0) };
}

/** The weights of one kind of one level: [directions, gates · hidden, …] in ONNX's order, trained in PyTorch's. */
function stack(
  patient: Patient,
  old: RecurrentLayer,
  cell: 'LSTM' | 'GRU',
  level: number,
  kind: string,
  inputSize: number,
): Value {
  const { g, random } = patient;
  const { hiddenSize, directions } = old;
  const order = gateOrder[cell];
  const rows = order.length * hiddenSize;
  const shape: Shape = kind.startsWith('bias') ? [rows] : [rows, kind === 'weight_ih' ? inputSize : hiddenSize];
  // PyTorch's reset_parameters: uniform on ±1/√hidden for weights and biases alike.
  const bound = 1 / Math.sqrt(hiddenSize);
  const perDirection = ['', '_reverse'].slice(0, directions).map((suffix) => {
    const values = Float64Array.from({ length: sizeOf(shape) }, () => bound * (2 * random.uniform() - 1));
    const name = `${old.layer ? `${old.layer}.` : ''}${kind}_l${level}${suffix}`;
    const gates = g.split(
      newParameter(patient, name, shape, values),
      order.map(() => hiddenSize),
      0,
    );
    return g.reshape(
      g.concat(
        order.map((gate) => gates[gate]!),
        0,
      ),
      [1, ...shape],
    );
  });
  return g.concat(perDirection, 0);
}
