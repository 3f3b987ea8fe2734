/** Fan-in, fan-out and gain as `torch.nn.init` defines them. */
import { sizeOf } from '../onnx/tensor';
import type { Activation, WeightLayer } from './anatomy';

/** Connections into and out of one unit. ConvTranspose keeps PyTorch's (swapped) reading of its `[in, out/groups, …]` layout. */
export function fans({ shape, outputFirst, kind }: Pick<WeightLayer, 'shape' | 'outputFirst' | 'kind'>): {
  fanIn: number;
  fanOut: number;
} {
  const receptive = sizeOf(shape.slice(2));
  const torchLayout = outputFirst || kind === 'conv-transpose';
  const [first, second] = [shape[0]! * receptive, shape[1]! * receptive];
  return torchLayout ? { fanIn: second, fanOut: first } : { fanIn: first, fanOut: second };
}

/**
 * The gain that keeps the variance through an activation: `torch.nn.init.calculate_gain`. GELU, SiLU, ELU, Mish and
 * their kin, which PyTorch rejects by name, take that of ReLU; SELU is made for gain 1 (LeCun normal).
 */
export function gain(activation: Pick<Activation, 'kind' | 'slope'> | undefined): number {
  switch (activation?.kind) {
    case undefined:
    case 'sigmoid':
    case 'hard-sigmoid':
    case 'softsign':
    case 'selu':
      return 1;
    case 'tanh':
      return 5 / 3;
    case 'leaky-relu':
      return Math.sqrt(2 / (1 + (activation.slope ?? 0.01) ** 2));
    default:
      return Math.SQRT2;
  }
}
