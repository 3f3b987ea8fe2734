/** Elementwise operators whose options moved, or that are made of others. */
import type { Value } from '../../onnx/builder';
import { dataTypeCodes, isFloat } from '../../onnx/tensor';
import type { Lowering, LoweringContext, Lowerings } from './lowering';

const clip: Lowering = (c) => {
  const { g } = c;
  const x = c.input(0);
  const bound = (name: 'min' | 'max', i: number): Value | undefined => {
    const given = c.float(name, NaN);
    return c.opset >= 11 ? c.optional(i) : Number.isNaN(given) ? undefined : g.scalar(given, x.dtype as 'float32');
  };
  const [low, high] = [bound('min', 1), bound('max', 2)];
  return low || high ? c.rewritten([x, low, high], {}) : [g.identity(x)];
};

/** `saturate` and `round_mode` concern 8-bit floats only. */
const cast: Lowering = (c) => c.rewritten([c.input(0)], { to: dataTypeCodes[c.output().dtype] }, 'Cast');

/** An exponent of another type than the base costs a cast, so that the rule sees one type. */
const pow: Lowering = (c) => {
  const [base, exponent] = [c.input(0), c.input(1)];
  return c.rewritten([base, isFloat(base.dtype) ? c.g.cast(exponent, base.dtype) : exponent], {});
};

/** Hendrycks and Gimpel, Gaussian Error Linear Units (2016): x·Φ(x), exactly or by its tanh approximation. */
const gelu: Lowering = (c) => {
  const { g } = c;
  const x = c.input(0);
  const inner = c.string('approximate', 'none') === 'tanh' ? tanhForm(c, x) : erfForm(c, x);
  return [g.mul(g.mul(x, 0.5), g.add(inner, 1))];
};

const erfForm = ({ g }: LoweringContext, x: Value): Value => g.unary('Erf', g.mul(x, Math.SQRT1_2));

const tanhForm = ({ g }: LoweringContext, x: Value): Value => {
  const cube = g.mul(g.mul(x, x), x);
  return g.unary('Tanh', g.mul(g.add(x, g.mul(cube, 0.044715)), Math.sqrt(2 / Math.PI)));
};

/** Ramachandran et al., Searching for Activation Functions (2017): x·σ(αx). */
const swish: Lowering = (c) => {
  const { g } = c;
  const x = c.input(0);
  const alpha = c.float('alpha', 1);
  return [g.mul(x, g.unary('Sigmoid', alpha === 1 ? x : g.mul(x, alpha)))];
};

/**
 * Exporters write LogSigmoid as log(σ(x)), whose error grows without bound for negative x: −log(1 + e^−x) is the same
 * number, and what PyTorch computes.
 */
const log: Lowering = (c) => {
  const { g } = c;
  const x = c.input(0);
  const maker = g.graph.nodes.findLast(({ outputs }) => outputs.includes(x.name));
  if (maker?.opType !== 'Sigmoid') return c.rewritten([x], {});
  return [g.neg(g.unary('Softplus', g.neg(g.value(maker.inputs[0]!))))];
};

export const elementwiseLowerings: Lowerings = {
  Clip: clip,
  Cast: cast,
  CastLike: cast,
  Pow: pow,
  Gelu: gelu,
  Swish: swish,
  Log: log,
};
