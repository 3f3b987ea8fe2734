/** What the remedies that draw new weights share. */
import type { Tensor } from '../onnx/tensor';
import { fans } from './fans';
import { examine, type Activation, type WeightLayer } from './anatomy';
import type { Patient } from './patient';
import { DoesNotFit } from './remedy';
import { inUnits } from './units';

/**
 * Gives every weight layer (of the units) new weights. Biases stay: `torch.nn.init` calls in the wild touch weights.
 * @param values of one weight tensor, in its stored layout.
 */
export function reinitialize(
  patient: Patient,
  units: readonly string[] | undefined,
  values: (layer: WeightLayer, activation: Activation | undefined) => ArrayLike<number>,
): void {
  const { weights, activationAfter } = examine(patient);
  const layers = weights.filter(({ layer }) => inUnits(layer, units));
  if (layers.length === 0) throw new DoesNotFit('The model has no linear or convolution weights to initialize.');
  for (const layer of layers) setTensor(patient, layer.weight, values(layer, activationAfter(layer)));
}

/** Replaces the values of a float initializer; shape and type stay. */
export function setTensor({ graph }: Patient, name: string, values: ArrayLike<number>): void {
  const { dtype, shape } = graph.initializers.get(name)!;
  graph.initializers.set(name, floatTensor(dtype, shape, values));
}

export const floatTensor = (dtype: Tensor['dtype'], shape: Tensor['shape'], values: ArrayLike<number>): Tensor => ({
  dtype,
  shape,
  data: dtype === 'float64' ? Float64Array.from(values) : Float32Array.from(values),
});

/** Glorot and Bengio, 2010: Var[w] = gain² · 2 / (fan-in + fan-out). */
export const xavierDeviation = (layer: WeightLayer, gain: number): number => {
  const { fanIn, fanOut } = fans(layer);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
};

/** He et al., 2015: Var[w] = gain² / fan-in. */
export const kaimingDeviation = (layer: WeightLayer, gain: number): number => gain / Math.sqrt(fans(layer).fanIn);

export const normalDraws = ({ random }: Patient, count: number, deviation: number): Float64Array =>
  Float64Array.from({ length: count }, () => deviation * random.normal());

/** Uniform on ±√3·deviation, which has that standard deviation. */
export const uniformDraws = ({ random }: Patient, count: number, deviation: number): Float64Array => {
  const bound = Math.sqrt(3) * deviation;
  return Float64Array.from({ length: count }, () => bound * (2 * random.uniform() - 1));
};
