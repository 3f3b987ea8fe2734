/** Fourier transforms as products with their matrices: as exact as the operators, and differentiable as they stand. */
import type { GraphBuilder, Value } from '../../onnx/builder';
import { numbers } from '../../onnx/tensor';
import { positiveAxis, range, type Lowering, type LoweringContext, type Lowerings } from './lowering';

/** Lengths along the transformed axis, and numbers per element: 1 is real, 2 is complex. */
interface Transform {
  length: number;
  inputs: number;
  inputParts: number;
  outputs: number;
  outputParts: number;
  inverse: boolean;
  /** Half a spectrum stands for both halves: every bin but the first and the middle one counts twice. */
  mirrored: boolean;
}

/** [inputs·parts, outputs·parts]: cos and ±sin of 2πjk/length. */
function transformMatrix(g: GraphBuilder, like: Value, t: Transform): Value {
  const sign = t.inverse ? 1 : -1;
  const entries = range(t.inputs).flatMap((j) => {
    const twice = t.mirrored && j !== 0 && 2 * j !== t.length ? 2 : 1;
    const factor = (t.inverse ? 1 / t.length : 1) * twice;
    const angles = range(t.outputs).map((k) => (2 * Math.PI * ((j * k) % t.length)) / t.length);
    const real = angles.map((angle) => [factor * Math.cos(angle), factor * sign * Math.sin(angle)]);
    const imaginary = angles.map((angle) => [-factor * sign * Math.sin(angle), factor * Math.cos(angle)]);
    return [real, imaginary]
      .slice(0, t.inputParts)
      .flatMap((row) => row.flatMap((pair) => pair.slice(0, t.outputParts)));
  });
  const shape = [t.inputs * t.inputParts, t.outputs * t.outputParts];
  return g.constant(like.dtype as 'float32', shape, entries);
}

/** Opset 20 made the axis an input, and the last before the parts its default. */
const discreteFourier: Lowering = (c) => {
  const { g } = c;
  const x = c.input(0);
  const rank = x.shape.length;
  const axis = positiveAxis(c.opset >= 20 ? (c.integers(2)?.[0] ?? -2) : c.int('axis', 1), rank);
  const { shape } = c.output();
  const inverse = c.int('inverse', 0) === 1;
  const mirrored = inverse && shape.at(-1) === 1;
  const length = c.integers(1)?.[0] ?? (mirrored ? shape[axis]! : x.shape[axis]!);
  const inputs = mirrored ? Math.floor(length / 2) + 1 : length;
  const [inputParts, outputParts] = [x.shape.at(-1)!, shape.at(-1)!];
  const matrix = transformMatrix(g, x, {
    length,
    inputs,
    inputParts,
    outputs: shape[axis]!,
    outputParts,
    inverse,
    mirrored,
  });
  // The transformed axis and the parts last, as one.
  const order = [...range(rank - 1).filter((each) => each !== axis), axis, rank - 1];
  const moved = g.transpose(fitted(g, x, axis, inputs), order);
  const lead = moved.shape.slice(0, -2);
  const product = g.matmul(g.reshape(moved, [...lead, inputs * inputParts]), matrix);
  const apart = g.reshape(product, [...lead, shape[axis]!, outputParts]);
  const back = range(rank).map((each) => order.indexOf(each));
  return [g.identity(g.transpose(apart, back))];
};

/** An axis cut or filled with zeros to a length. */
function fitted(g: GraphBuilder, x: Value, axis: number, length: number): Value {
  const own = x.shape[axis]!;
  if (own >= length) return own === length ? x : g.slice(x, axis, 0, length);
  const pads = Array<number>(2 * x.shape.length).fill(0);
  pads[axis + x.shape.length] = length - own;
  return g.pad(x, pads);
}

/** Frames of the signal, each under the window, transformed. */
const shortTimeFourier: Lowering = (c) => {
  const { g } = c;
  const signal = c.input(0);
  const parts = signal.shape.length === 3 ? signal.shape[2]! : 1;
  const window = c.optional(2);
  const length = c.integers(3)?.[0] ?? window?.shape[0] ?? c.refuse('neither a window nor a frame length is given.');
  const step = integerInput(c, 1);
  const [batch, frames, bins] = c.output().shape as [number, number, number];
  const places = range(frames * length).map((i) => Math.floor(i / length) * step + (i % length));
  const picked = g.op(
    'Gather',
    [g.reshape(signal, [batch, signal.shape[1]!, parts]), g.constant('int64', [frames, length], places)],
    { axis: 1 },
    { dtype: signal.dtype, shape: [batch, frames, length, parts] },
  );
  const framed = window ? g.mul(picked, g.reshape(window, [length, 1])) : picked;
  const matrix = transformMatrix(g, signal, {
    length,
    inputs: length,
    inputParts: parts,
    outputs: bins,
    outputParts: 2,
    inverse: false,
    mirrored: false,
  });
  const spectrum = g.matmul(g.reshape(framed, [batch, frames, length * parts]), matrix);
  return [g.reshape(spectrum, [batch, frames, bins, 2])];
};

function integerInput(c: LoweringContext, i: number): number {
  const found = c.constant(i) ?? c.refuse(`input ${i} has to be constant.`);
  return numbers(found)[0]!;
}

export const fourierLowerings: Lowerings = { DFT: discreteFourier, STFT: shortTimeFourier };
