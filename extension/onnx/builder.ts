/**
 * Adds nodes to a graph. Values carry their type, so that a rule reads like the formula it stands for and a shape that
 * does not fit is an error where it is made, not in the runtime. Operators are those of opset 18.
 */
import type { Attribute, Graph, Node } from './graph';
import { dataTypeCodes, sizeOf, tensor, type DataType, type Shape, type Tensor, type TensorType } from './tensor';

export interface Value extends TensorType {
  readonly name: string;
}

/** An attribute as a rule writes it; numbers are ints when whole, so floats are written with {@link float}. */
export type AttributeInput = number | string | readonly number[] | readonly string[] | Tensor | Graph | Attribute;

export const float = (value: number): Attribute => ({ type: 'float', value });

/** With fewer columns a product of ones and a matrix is no faster than a reduction. */
const fewestColumns = 8;

/** Where the nodes that are being added belong. */
export type Origin = Pick<Node, 'layer' | 'source'>;

export class GraphBuilder {
  private readonly constants = new Map<string, Value>();
  private readonly taken: Set<string>;
  /** How many names each stem has been given. */
  private readonly counts: Map<string, number>;
  private origin: Origin = { layer: '' };

  /** @param parent of a subgraph's builder: its values are visible here, and names are unique across both. */
  constructor(
    readonly graph: Graph,
    private readonly parent?: GraphBuilder,
  ) {
    this.taken = parent?.taken ?? new Set();
    this.counts = parent?.counts ?? new Map<string, number>();
    for (const name of namesIn(graph)) this.taken.add(name);
  }

  /** Runs `build` with its nodes credited to `origin`. */
  at<T>(origin: Origin, build: () => T): T {
    const before = this.origin;
    this.origin = { layer: origin.layer, source: origin.source };
    try {
      return build();
    } finally {
      this.origin = before;
    }
  }

  /** A name nothing in this graph has yet. */
  uniqueName(stem: string): string {
    let name = stem;
    if (this.taken.has(stem)) {
      let count = this.counts.get(stem) ?? 0;
      do name = `${stem}_${++count}`;
      while (this.taken.has(name));
      this.counts.set(stem, count);
    }
    this.taken.add(name);
    return name;
  }

  /** Frees the name of a value that is no longer in the graph. */
  release(name: string): void {
    this.taken.delete(name);
    this.graph.types.delete(name);
  }

  /**
   * Moves the nodes from position `begin` on, which have no subgraphs, to where what they take has been made. The runtime keeps the nodes that it
   * could compute next in a sorted list when it loads a graph, and nodes that come late in the graph stay in it long: with
   * thousands of them loading takes seconds.
   */
  hoist(begin: number): void {
    const { nodes } = this.graph;
    const madeAt = new Map<string, number>();
    const placed = nodes.map((node, i) => {
      const at = i < begin ? i : Math.max(0, ...node.inputs.map((name) => madeAt.get(name) ?? 0));
      for (const name of node.outputs) madeAt.set(name, at);
      return { node, at };
    });
    placed.sort((a, b) => a.at - b.at);
    placed.forEach(({ node }, i) => {
      nodes[i] = node;
    });
  }

  /** The value of a name that the graph (or the graph around it) already has. */
  value(name: string): Value {
    const type = this.graph.types.get(name);
    if (type) return { name, ...type };
    if (this.parent) return this.parent.value(name);
    throw new Error(`The value "${name}" has no known type.`);
  }

  hasValue(name: string): boolean {
    return this.graph.types.has(name) || (this.parent?.hasValue(name) ?? false);
  }

  input(name: string, dtype: DataType, shape: Shape): Value {
    const unique = this.uniqueName(name);
    this.graph.inputs.push({ name: unique, dtype, shape });
    return this.declare(unique, { dtype, shape });
  }

  output(value: Value): void {
    this.graph.outputs.push({ name: value.name, dtype: value.dtype, shape: value.shape });
  }

  initializer(name: string, data: Tensor): Value {
    const unique = this.uniqueName(name);
    this.graph.initializers.set(unique, data);
    return this.declare(unique, data);
  }

  /** A node with any number of outputs, whose types the caller states. */
  ops(
    opType: string,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, AttributeInput>>,
    outputs: readonly TensorType[],
    domain = '',
  ): Value[] {
    const name = this.uniqueName(`${this.origin.layer ? `${this.origin.layer}/` : ''}${opType}`);
    const values = outputs.map((type, i) => this.declare(this.uniqueName(`${name}:${i}`), type));
    this.graph.nodes.push({
      name,
      opType,
      domain,
      inputs: trimmed(inputs.map((input) => input?.name ?? '')),
      outputs: values.map((value) => value.name),
      attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, toAttribute(value)])),
      layer: this.origin.layer,
      source: this.origin.source,
    });
    return values;
  }

  /** A node with one output. */
  op(
    opType: string,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, AttributeInput>>,
    type: TensorType,
  ): Value {
    return this.ops(opType, inputs, attributes, [type])[0]!;
  }

  /** A constant tensor; equal constants are one initializer. */
  constant(dtype: Exclude<DataType, 'string'>, shape: Shape, values: readonly number[]): Value {
    const key = `${dtype}[${shape.join()}]${values.map((value) => (Object.is(value, -0) ? '-0' : value)).join()}`;
    let found = this.constants.get(key);
    if (!found) {
      found = this.initializer('constant', tensor(dtype, shape, values));
      this.constants.set(key, found);
    }
    return found;
  }

  scalar(value: number, dtype: Exclude<DataType, 'string'> = 'float32'): Value {
    return this.constant(dtype, [], [value]);
  }

  /** A one-dimensional int64 tensor, as the shape and axes inputs of ONNX want it. */
  ints(values: readonly number[]): Value {
    return this.constant('int64', [values.length], values);
  }

  // Elementwise, broadcasting. A number stands for a scalar of the other operand's type.

  add = (a: Value | number, b: Value | number): Value => this.binary('Add', a, b);
  sub = (a: Value | number, b: Value | number): Value => this.binary('Sub', a, b);
  mul = (a: Value | number, b: Value | number): Value => this.binary('Mul', a, b);
  div = (a: Value | number, b: Value | number): Value => this.binary('Div', a, b);
  pow = (a: Value | number, b: Value | number): Value => this.binary('Pow', a, b);
  max = (a: Value | number, b: Value | number): Value => this.binary('Max', a, b);
  min = (a: Value | number, b: Value | number): Value => this.binary('Min', a, b);
  equal = (a: Value | number, b: Value | number): Value => this.binary('Equal', a, b, 'bool');
  less = (a: Value | number, b: Value | number): Value => this.binary('Less', a, b, 'bool');
  lessOrEqual = (a: Value | number, b: Value | number): Value => this.binary('LessOrEqual', a, b, 'bool');
  greater = (a: Value | number, b: Value | number): Value => this.binary('Greater', a, b, 'bool');
  greaterOrEqual = (a: Value | number, b: Value | number): Value => this.binary('GreaterOrEqual', a, b, 'bool');
  and = (a: Value, b: Value): Value => this.binary('And', a, b, 'bool');
  or = (a: Value, b: Value): Value => this.binary('Or', a, b, 'bool');

  /** One operand in, the same type out: `unary('Sqrt', x)`. */
  unary(opType: string, x: Value, attributes: Readonly<Record<string, AttributeInput>> = {}): Value {
    return this.op(opType, [x], attributes, { dtype: x.dtype, shape: x.shape });
  }

  neg = (x: Value): Value => this.unary('Neg', x);
  abs = (x: Value): Value => this.unary('Abs', x);
  sqrt = (x: Value): Value => this.unary('Sqrt', x);
  exp = (x: Value): Value => this.unary('Exp', x);
  log = (x: Value): Value => this.unary('Log', x);
  reciprocal = (x: Value): Value => this.unary('Reciprocal', x);
  identity = (x: Value): Value => this.unary('Identity', x);

  /** The same value as a constant to the gradient. */
  detach(x: Value): Value {
    const result = this.identity(x);
    this.graph.nodes.at(-1)!.detached = true;
    return result;
  }

  not = (x: Value): Value => this.unary('Not', x);

  cast(x: Value, dtype: DataType): Value {
    return x.dtype === dtype ? x : this.op('Cast', [x], { to: dataTypeCodes[dtype] }, { dtype, shape: x.shape });
  }

  where(condition: Value, a: Value | number, b: Value | number): Value {
    const [x, y] = this.operands(a, b);
    return this.op(
      'Where',
      [condition, x, y],
      {},
      { dtype: x.dtype, shape: broadcast(condition.shape, broadcast(x.shape, y.shape)) },
    );
  }

  // Shapes.

  reshape(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x;
    if (sizeOf(x.shape) !== sizeOf(shape)) throw new Error(`Cannot reshape [${x.shape.join()}] to [${shape.join()}].`);
    // allowzero: a size of zero is a size, not "copy from the input".
    return this.op('Reshape', [x, this.ints(shape)], shape.includes(0) ? { allowzero: 1 } : {}, {
      dtype: x.dtype,
      shape,
    });
  }

  /** @param axes the input axis that each output axis comes from. */
  transpose(x: Value, axes: readonly number[]): Value {
    if (axes.every((axis, i) => axis === i)) return x;
    return this.op('Transpose', [x], { perm: axes }, { dtype: x.dtype, shape: axes.map((axis) => x.shape[axis]!) });
  }

  /** Swaps the last two axes. */
  matrixTranspose(x: Value): Value {
    const rank = x.shape.length;
    return this.transpose(x, [...x.shape.keys()].slice(0, -2).concat(rank - 1, rank - 2));
  }

  expand(x: Value, shape: Shape): Value {
    return sameShape(x.shape, shape) ? x : this.op('Expand', [x, this.ints(shape)], {}, { dtype: x.dtype, shape });
  }

  concat(values: readonly Value[], axis: number): Value {
    const first = values[0]!;
    if (values.length === 1) return first;
    const at = axis < 0 ? axis + first.shape.length : axis;
    const shape = first.shape.map((length, i) =>
      i === at ? values.reduce((sum, value) => sum + value.shape[i]!, 0) : length,
    );
    return this.op('Concat', values, { axis: at }, { dtype: first.dtype, shape });
  }

  split(x: Value, lengths: readonly number[], axis: number): Value[] {
    if (lengths.length === 1) return [x];
    const at = axis < 0 ? axis + x.shape.length : axis;
    const types = lengths.map((length) => ({
      dtype: x.dtype,
      shape: x.shape.map((size, i) => (i === at ? length : size)),
    }));
    return this.ops('Split', [x, this.ints(lengths)], { axis: at }, types);
  }

  /** Elements `start` to `end` (exclusive) along one axis. */
  slice(x: Value, axis: number, start: number, end: number, step = 1): Value {
    const at = axis < 0 ? axis + x.shape.length : axis;
    const length = Math.max(0, Math.ceil((end - start) / step));
    const shape = x.shape.map((size, i) => (i === at ? length : size));
    return this.op(
      'Slice',
      [x, this.ints([start]), this.ints([end]), this.ints([at]), this.ints([step])],
      {},
      { dtype: x.dtype, shape },
    );
  }

  /** @param pads begin of every axis, then end of every axis. */
  pad(x: Value, pads: readonly number[], value = 0): Value {
    if (pads.every((pad) => pad === 0)) return x;
    const rank = x.shape.length;
    const shape = x.shape.map((size, i) => size + pads[i]! + pads[i + rank]!);
    return this.op(
      'Pad',
      [x, this.ints(pads), this.scalar(value, x.dtype as 'float32')],
      {},
      { dtype: x.dtype, shape },
    );
  }

  // Reductions and products.

  /** @param opType `ReduceSum`, `ReduceMean`, `ReduceMax`, `ReduceMin` … @param axes all when absent. */
  reduce(opType: string, x: Value, axes?: readonly number[], keepDims = false): Value {
    const rank = x.shape.length;
    const reduced = new Set((axes ?? [...x.shape.keys()]).map((axis) => (axis < 0 ? axis + rank : axis)));
    if (reduced.size === 0) return x;
    const shape = x.shape.flatMap((size, i) => (reduced.has(i) ? (keepDims ? [1] : []) : [size]));
    return this.op(opType, [x, this.ints([...reduced])], { keepdims: keepDims ? 1 : 0 }, { dtype: x.dtype, shape });
  }

  sum = (x: Value, axes?: readonly number[], keepDims = false): Value => this.reduce('ReduceSum', x, axes, keepDims);
  mean = (x: Value, axes?: readonly number[], keepDims = false): Value => this.reduce('ReduceMean', x, axes, keepDims);

  /** Sums `x` down to `shape`: the transpose of broadcasting `shape` up to the shape of `x`. */
  sumTo(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x;
    const lead = x.shape.length - shape.length;
    const axes = [...x.shape.keys()].filter((axis) => axis < lead || (shape[axis - lead] === 1 && x.shape[axis] !== 1));
    const isLeading = axes.every((axis, i) => axis === i);
    const columns = sizeOf(x.shape.slice(axes.length));
    if (
      isLeading &&
      sizeOf(x.shape) > 0 &&
      columns >= fewestColumns &&
      (x.dtype === 'float32' || x.dtype === 'float64')
    )
      return this.reshape(this.sumRows(this.reshape(x, [sizeOf(x.shape) / columns, columns])), shape);
    return this.reshape(this.sum(x, axes, true), shape);
  }

  /**
   * The sum of the rows of a matrix, `[1, columns]`: a product with ones, which ONNX Runtime's CPU computes 7 to 100 times
   * faster than the reduction.
   */
  sumRows(x: Value): Value {
    const rows = x.shape[0]!;
    return this.matmul(this.constant(x.dtype as 'float32', [1, rows], Array<number>(rows).fill(1)), x);
  }

  /** NumPy's matmul, batch axes broadcasting. */
  matmul(a: Value, b: Value): Value {
    const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
    const right = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
    const rows = a.shape.length === 1 ? [] : [left.at(-2)!];
    const columns = b.shape.length === 1 ? [] : [right.at(-1)!];
    if (left.at(-1) !== right.at(-2)) throw new Error(`MatMul of [${a.shape.join()}] and [${b.shape.join()}].`);
    const shape = [...broadcast(left.slice(0, -2), right.slice(0, -2)), ...rows, ...columns];
    return this.op('MatMul', [a, b], {}, { dtype: a.dtype, shape });
  }

  /** α·op(a)·op(b) + β·c of matrices, where op transposes if asked. */
  gemm(
    a: Value,
    b: Value,
    options: { transA?: boolean; transB?: boolean; c?: Value; alpha?: number; beta?: number } = {},
  ): Value {
    const { transA = false, transB = false, c, alpha = 1, beta = 1 } = options;
    const shape = [a.shape[transA ? 1 : 0]!, b.shape[transB ? 0 : 1]!];
    const attributes = { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha: float(alpha), beta: float(beta) };
    return this.op('Gemm', [a, b, c], attributes, { dtype: a.dtype, shape });
  }

  private binary(opType: string, a: Value | number, b: Value | number, dtype?: DataType): Value {
    const [x, y] = this.operands(a, b);
    return this.op(opType, [x, y], {}, { dtype: dtype ?? x.dtype, shape: broadcast(x.shape, y.shape) });
  }

  private operands(a: Value | number, b: Value | number): [Value, Value] {
    if (typeof a === 'number') {
      if (typeof b === 'number') throw new Error('One operand must be a value.');
      return [this.scalar(a, b.dtype as 'float32'), b];
    }
    return [a, typeof b === 'number' ? this.scalar(b, a.dtype as 'float32') : b];
  }

  private declare(name: string, { dtype, shape }: TensorType): Value {
    this.graph.types.set(name, { dtype, shape });
    return { name, dtype, shape };
  }
}

/** The shape of two operands together, as NumPy broadcasts them. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new Error(`The shapes [${a.join()}] and [${b.join()}] do not broadcast.`);
    return x === 1 ? y : x;
  });
}

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((size, i) => size === b[i]);

function toAttribute(value: AttributeInput): Attribute {
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'int' : 'float', value };
  if (typeof value === 'string') return { type: 'string', value };
  if (isList(value))
    return value.every((item) => typeof item === 'string')
      ? { type: 'strings', value: value }
      : { type: value.every(Number.isInteger) ? 'ints' : 'floats', value: value };
  if ('type' in value) return value;
  return 'nodes' in value ? { type: 'graph', value } : { type: 'tensor', value };
}

const isList = (value: AttributeInput): value is readonly number[] | readonly string[] => Array.isArray(value);

/** Drops optional inputs left out at the end. */
function trimmed(names: string[]): string[] {
  const last = names.findLastIndex((name) => name !== '');
  return names.slice(0, last + 1);
}

function* namesIn(graph: Graph): Generator<string> {
  for (const { name } of graph.inputs) yield name;
  yield* graph.initializers.keys();
  for (const node of graph.nodes) {
    yield node.name;
    yield* node.outputs;
  }
}
