/** Normalization layers. All in the centred form: the expanded one loses a digit for every digit of mean over deviation. */
import type { GraphBuilder, Value } from '../../onnx/builder';
import { sizeOf } from '../../onnx/tensor';
import type { GradientRule, GradientRules, RuleContext } from '../rule';
import { keptShape, outputGradient, perInput, positiveAxis, product, range, unary } from './support';

/**
 * ∂L/∂x of x̂ = (x - mean x)·inverse, where both statistics come from x itself over `axes`:
 * inverse·(g - mean g - x̂·mean(g·x̂)) for g = ∂L/∂x̂.
 */
function throughStatistics(
  g: GraphBuilder,
  gradient: Value,
  normalized: Value,
  inverse: Value,
  axes: readonly number[],
): Value {
  const projection = g.mul(normalized, g.mean(g.mul(gradient, normalized), axes, true));
  return g.mul(inverse, g.sub(g.sub(gradient, g.mean(gradient, axes, true)), projection));
}

/** x - mean and 1/√(variance + ε), statistics over `axes`, kept as length 1. */
function statistics(g: GraphBuilder, x: Value, axes: readonly number[], epsilon: number) {
  const centred = g.sub(x, g.mean(x, axes, true));
  const variance = g.mean(g.mul(centred, centred), axes, true);
  return { centred, inverse: inverseDeviation(g, variance, epsilon) };
}

const inverseDeviation = (g: GraphBuilder, variance: Value, epsilon: number): Value =>
  g.reciprocal(g.sqrt(g.add(variance, epsilon)));

/** Every axis but that of the channels. */
const channelAxes = (x: Value): number[] => range(x.shape.length).filter((axis) => axis !== 1);

/** A value per channel, shaped to broadcast over [N, C, …]. */
const perChannel = (g: GraphBuilder, value: Value, x: Value): Value =>
  g.reshape(value, keptShape(x.shape, channelAxes(x)));

/** Ioffe and Szegedy, Batch Normalization (2015). Running statistics pass no gradient to the batch, as in PyTorch. */
const batchNormalization: GradientRule = (c) =>
  c.int('training_mode', 0) === 1 ? batchTraining(c) : batchInference(c);

/**
 * With c = x - mean x: ∂L/∂x = γ·inverse·(dy - mean dy - c·inverse²·mean(dy·c)). What is known per channel is multiplied
 * there, so that the whole of x is gone through as seldom as possible.
 */
function batchTraining(c: RuleContext): (Value | undefined)[] {
  const { g } = c;
  const x = c.input(0);
  const axes = channelAxes(x);
  const count = sizeOf(x.shape) / x.shape[1]!;
  const { centred, inverse } = batchStatistics(c, axes);
  const dy = outputGradient(c);
  const mean = g.mean(dy, axes, true);
  const covariance = g.mean(g.mul(dy, centred), axes, true);
  const slope = g.mul(covariance, g.mul(inverse, inverse));
  return perInput(
    c,
    () => g.mul(g.sub(g.sub(dy, mean), g.mul(centred, slope)), g.mul(perChannel(g, c.input(1), x), inverse)),
    () => g.reshape(g.mul(g.mul(covariance, inverse), count), c.input(1).shape),
    () => g.reshape(g.mul(mean, count), c.input(2).shape),
  );
}

/** With momentum 0 the node's own running statistics are those of the batch. */
function batchStatistics(c: RuleContext, axes: readonly number[]) {
  const { g } = c;
  const x = c.input(0);
  const epsilon = c.float('epsilon', 1e-5);
  if (c.float('momentum', 0.9) !== 0 || !c.node.outputs[1] || !c.node.outputs[2])
    return statistics(g, x, axes, epsilon);
  return {
    centred: g.sub(x, perChannel(g, c.output(1), x)),
    inverse: perChannel(g, inverseDeviation(g, c.output(2), epsilon), x),
  };
}

function batchInference(c: RuleContext): (Value | undefined)[] {
  const { g } = c;
  const x = c.input(0);
  const axes = channelAxes(x);
  const inverse = inverseDeviation(g, c.input(4), c.float('epsilon', 1e-5));
  const dy = outputGradient(c);
  const scaled = g.mul(c.input(1), inverse);
  const normalized = () => g.mul(g.sub(x, perChannel(g, c.input(3), x)), perChannel(g, inverse, x));
  return perInput(
    c,
    () => g.mul(dy, perChannel(g, scaled, x)),
    () => g.sum(g.mul(dy, normalized()), axes),
    () => g.sum(dy, axes),
    () => g.neg(g.mul(g.sum(dy, axes), scaled)),
    () => g.mul(g.mul(g.sum(g.mul(dy, normalized()), axes), g.mul(scaled, inverse)), -0.5),
  );
}

/** Ba, Kiros and Hinton, Layer Normalization (2016). Mean and inverse deviation may be outputs that are used. */
const layerNormalization: GradientRule = (c) => {
  const { g } = c;
  const x = c.input(0);
  const axis = positiveAxis(c.int('axis', -1), x.shape.length);
  const axes = range(x.shape.length).slice(axis);
  const { centred, inverse } = layerStatistics(c, axes);
  const normalized = g.mul(centred, inverse);
  const [dy, dMean, dInverse] = [0, 1, 2].map((i) => c.dy(i) && g.cast(c.dy(i)!, x.dtype));
  const share = 1 / product(axes.map((each) => x.shape[each]!));
  const cube = (value: Value): Value => g.mul(g.mul(value, value), value);
  const parts = (): Value[] => [
    ...(dy ? [throughStatistics(g, g.mul(dy, c.input(1)), normalized, inverse, axes)] : []),
    ...(dMean ? [g.mul(dMean, share)] : []),
    ...(dInverse ? [g.mul(g.mul(g.mul(dInverse, cube(inverse)), centred), -share)] : []),
  ];
  return perInput(
    c,
    () => g.expand(parts().reduce(g.add), x.shape),
    dy && (() => g.mul(dy, normalized)),
    dy && (() => dy),
  );
};

/** The node's own optional outputs, which are float32. */
function layerStatistics(c: RuleContext, axes: readonly number[]) {
  const { g } = c;
  const x = c.input(0);
  if (x.dtype !== 'float32') return statistics(g, x, axes, c.float('epsilon', 1e-5));
  const type = { dtype: x.dtype, shape: keptShape(x.shape, axes) };
  return { centred: g.sub(x, c.addOutput(1, type)), inverse: c.addOutput(2, type) };
}

/** Ulyanov et al., Instance Normalization (2016). */
const instanceNormalization: GradientRule = (c) => {
  const { g } = c;
  const x = c.input(0);
  const axes = range(x.shape.length).slice(2);
  const { centred, inverse } = statistics(g, x, axes, c.float('epsilon', 1e-5));
  const normalized = g.mul(centred, inverse);
  const dy = outputGradient(c);
  return perInput(
    c,
    () => throughStatistics(g, g.mul(dy, perChannel(g, c.input(1), x)), normalized, inverse, axes),
    () => g.sum(g.mul(dy, normalized), channelAxes(x)),
    () => g.sum(dy, channelAxes(x)),
  );
};

/** Zero mean and unit deviation; the operator adds 1e-9 to the deviation, which no float32 above 0.01 feels. */
const meanVarianceNormalization = unary((g, dy, x, y, c) => {
  const axes = c.ints('axes', [0, 2, 3]).map((axis) => positiveAxis(axis, x.shape.length));
  const centred = g.sub(x, g.mean(x, axes, true));
  const deviation = g.add(g.sqrt(g.mean(g.mul(centred, centred), axes, true)), 1e-9);
  return throughStatistics(g, dy, y, g.reciprocal(deviation), axes);
});

/** y = x/‖x‖ along an axis, zero where x is: what of the gradient is not along y (p = 2) or the signs of x (p = 1). */
const lpNormalization: GradientRule = (c) => {
  const { g } = c;
  const [x, y] = [c.input(0), c.output()];
  const dy = outputGradient(c);
  const axes = [c.int('axis', -1)];
  const euclidean = c.int('p', 2) === 2;
  const norm = g.reduce(euclidean ? 'ReduceL2' : 'ReduceL1', x, axes, true);
  const along = g.mul(euclidean ? y : g.unary('Sign', x), g.sum(g.mul(dy, y), axes, true));
  return [g.where(g.equal(norm, 0), 0, g.div(g.sub(dy, along), norm))];
};

/**
 * Krizhevsky et al., ImageNet Classification (2012): x·D^-β with D = bias + α/size·Σx² over neighbouring channels, whose
 * sum is a product with a band matrix.
 */
const localResponse: GradientRule = (c) => {
  const { g } = c;
  const x = c.input(0);
  const [batch, channels, ...space] = x.shape as [number, number, ...number[]];
  const size = c.int('size', 1);
  const scale = c.float('alpha', 1e-4) / size;
  const beta = c.float('beta', 0.75);
  const sees = (from: number, to: number): boolean =>
    to >= from - Math.floor((size - 1) / 2) && to <= from + Math.ceil((size - 1) / 2);
  const band = (transposed: boolean): Value => {
    const entries = range(channels).flatMap((row) =>
      range(channels).map((column) => (sees(transposed ? column : row, transposed ? row : column) ? 1 : 0)),
    );
    return g.constant(x.dtype as 'float32', [channels, channels], entries);
  };
  const flat = (value: Value): Value => g.reshape(value, [batch, channels, product(space)]);
  const [images, dy] = [flat(x), flat(outputGradient(c))];
  const denominator = g.add(g.mul(g.matmul(band(false), g.mul(images, images)), scale), c.float('bias', 1));
  const shared = g.matmul(band(true), g.mul(g.mul(dy, images), g.pow(denominator, -beta - 1)));
  const direct = g.mul(dy, g.pow(denominator, -beta));
  return [g.reshape(g.sub(direct, g.mul(g.mul(images, shared), 2 * scale * beta)), x.shape)];
};

/** Srivastava et al. (2014): what was kept is scaled by 1/(1 - ratio). Identity outside training. */
const dropout: GradientRule = (c) => {
  const { g } = c;
  const dy = outputGradient(c);
  const training = c.hasInput(2) ? c.constant(2) : undefined;
  if (!c.hasInput(2) || training?.data[0] === 0) return [dy];
  const mask = c.addOutput(1, { dtype: 'bool', shape: dy.shape });
  const ratio = c.hasInput(1) ? g.cast(c.input(1), dy.dtype) : g.scalar(0.5, dy.dtype as 'float32');
  const kept = g.where(mask, g.div(dy, g.sub(1, ratio)), 0);
  return [training ? kept : g.where(c.input(2), kept, dy)];
};

export const normalizationRules: GradientRules = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
  LpNormalization: lpNormalization,
  LRN: localResponse,
  Dropout: dropout,
};
