/** Attention and rotary position embedding of opset 23, by products, softmax and the movements between them. */
import type { GraphBuilder, Value } from '../../onnx/builder';
import { range, type Lowering, type LoweringContext, type Lowerings } from './lowering';

/** Vaswani et al., Attention Is All You Need (2017): softmax(q·kᵀ·scale + mask)·v, per head. */
const attention: Lowering = (c) => {
  const { g } = c;
  if (c.optional(6)) c.refuse('lengths of padding (input 6) are not supported.');
  const query = headsOf(c, c.input(0), 'q_num_heads');
  const key = withPast(g, headsOf(c, c.input(1), 'kv_num_heads'), c.optional(4));
  const value = withPast(g, headsOf(c, c.input(2), 'kv_num_heads'), c.optional(5));
  const [batch, heads, length, size] = query.shape as [number, number, number, number];

  // The root of the scale on both sides keeps the product in range.
  const scale = c.float('scale', 0) || 1 / Math.sqrt(size);
  const root = Math.sqrt(scale);
  const product = g.matmul(g.mul(query, root), g.matrixTranspose(g.mul(repeated(g, key, heads), root)));
  const masked = applyMask(c, product);
  const capped = softCapped(c, masked);
  const weights = attentionWeights(c, capped);
  const result = g.matmul(weights, repeated(g, value, heads));

  const isFlat = c.input(0).shape.length === 3;
  const y = isFlat ? g.reshape(g.transpose(result, [0, 2, 1, 3]), [batch, length, heads * value.shape[3]!]) : result;
  const inspected = [product, masked, capped, weights][c.int('qk_matmul_output_mode', 0)];
  return [y, key, value, inspected];
};

/** [batch, heads, length, size] of an operand that may have its heads in the last axis. */
function headsOf(c: LoweringContext, x: Value, attribute: string): Value {
  if (x.shape.length === 4) return x;
  const [batch, length, width] = x.shape as [number, number, number];
  const heads = c.int(attribute, 0) || c.refuse(`three-dimensional operands need the attribute "${attribute}".`);
  return c.g.transpose(c.g.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

const withPast = (g: GraphBuilder, present: Value, past: Value | undefined): Value =>
  past ? g.concat([past, present], 2) : present;

/** Each head of the keys and values for a group of heads of the query. */
function repeated(g: GraphBuilder, x: Value, heads: number): Value {
  const [batch, own, length, size] = x.shape as [number, number, number, number];
  if (own === heads) return x;
  const apart = g.expand(g.reshape(x, [batch, own, 1, length, size]), [batch, own, heads / own, length, size]);
  return g.reshape(apart, [batch, heads, length, size]);
}

function applyMask(c: LoweringContext, product: Value): Value {
  const { g } = c;
  const [rows, columns] = product.shape.slice(-2) as [number, number];
  let scores = product;
  const mask = c.optional(3);
  if (mask) scores = mask.dtype === 'bool' ? g.where(mask, scores, -Infinity) : g.add(scores, mask);
  if (c.int('is_causal', 0) === 1) {
    // Past keys come first, and every query sees them all.
    const past = c.optional(4) ? columns - rows : 0;
    const visible = range(rows * columns).map((i) => (i % columns <= Math.floor(i / columns) + past ? 1 : 0));
    scores = g.where(g.constant('bool', [rows, columns], visible), scores, -Infinity);
  }
  return scores;
}

/** A row that sees nothing attends to nothing: the softmax of -∞ alone would be NaN. */
function attentionWeights(c: LoweringContext, scores: Value): Value {
  const { g } = c;
  if (!c.optional(3)) return g.unary('Softmax', scores, { axis: -1 });
  const blind = g.equal(g.reduce('ReduceMax', scores, [-1], true), -Infinity);
  return g.where(blind, 0, g.unary('Softmax', g.where(blind, 0, scores), { axis: -1 }));
}

function softCapped(c: LoweringContext, scores: Value): Value {
  const cap = c.float('softcap', 0);
  if (cap === 0) return scores;
  if (c.optional(3) || c.int('is_causal', 0) === 1)
    c.refuse('a soft cap together with a mask means different things to different runtimes and is not supported.');
  return c.g.mul(c.g.unary('Tanh', c.g.div(scores, cap)), cap);
}

/** Su et al., RoFormer (2021): pairs of features turned by an angle that grows with the position. */
const rotaryEmbedding: Lowering = (c) => {
  const { g } = c;
  const x = c.input(0);
  const isFlat = x.shape.length === 3;
  const heads = c.int('num_heads', 0);
  if (isFlat && heads === 0) c.refuse('three-dimensional input needs the attribute "num_heads".');
  // [batch, length, heads, size]
  const apart = isFlat
    ? g.reshape(x, [x.shape[0]!, x.shape[1]!, heads, x.shape[2]! / heads])
    : g.transpose(x, [0, 2, 1, 3]);
  const size = apart.shape[3]!;
  const turned = c.int('rotary_embedding_dim', 0) || size;
  const [front, rest] = turned === size ? [apart] : g.split(apart, [turned, size - turned], 3);
  const positions = c.optional(3);
  // [batch, length, 1, turned / 2]
  const [cosine, sine] = [c.input(1), c.input(2)].map((cache) => {
    const rows = positions ? gathered(g, cache, positions) : cache;
    return g.reshape(rows, [rows.shape[0]!, rows.shape[1]!, 1, rows.shape[2]!]);
  }) as [Value, Value];
  const rotated = rotate(g, front!, cosine, sine, c.int('interleaved', 0) === 1);
  const joined = rest ? g.concat([rotated, rest], 3) : rotated;
  return [isFlat ? g.reshape(joined, x.shape) : g.transpose(joined, [0, 2, 1, 3])];
};

const gathered = (g: GraphBuilder, table: Value, rows: Value): Value =>
  g.op('Gather', [table, rows], { axis: 0 }, { dtype: table.dtype, shape: [...rows.shape, ...table.shape.slice(1)] });

/** Pairs are neighbours, or one from each half. */
function rotate(g: GraphBuilder, x: Value, cosine: Value, sine: Value, interleaved: boolean): Value {
  const [batch, length, heads, size] = x.shape as [number, number, number, number];
  const half = size / 2;
  const lead = [batch, length, heads];
  const pairs = interleaved ? g.reshape(x, [...lead, half, 2]) : x;
  const axis = interleaved ? 4 : 3;
  const [a, b] = g
    .split(pairs, interleaved ? [1, 1] : [half, half], axis)
    .map((part) => g.reshape(part, [...lead, half])) as [Value, Value];
  const real = g.sub(g.mul(a, cosine), g.mul(b, sine));
  const imaginary = g.add(g.mul(a, sine), g.mul(b, cosine));
  if (!interleaved) return g.concat([real, imaginary], 3);
  const columns = [real, imaginary].map((part) => g.reshape(part, [...lead, half, 1]));
  return g.reshape(g.concat(columns, 4), x.shape);
}

export const attentionLowerings: Lowerings = { Attention: attention, RotaryEmbedding: rotaryEmbedding };
