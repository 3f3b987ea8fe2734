/**
 * A Loop whose body is one training step. What changes from step to step is carried from iteration to iteration; what a
 * step is fed is cut out of stacks of several steps' worth.
 */
import { GraphBuilder, type Value } from '../onnx/builder';
import { emptyGraph, type Graph, type Node } from '../onnx/graph';
import { arrayOf, sizeOf, tensor, type Tensor, type TensorType } from '../onnx/tensor';

/** A tensor that one call hands to the next. */
export interface CarriedState {
  input: string;
  output: string;
  initial: Tensor;
  /** The initializer of the model that it is the present value of. */
  initializer?: string;
}

interface Carried extends Omit<CarriedState, 'output'> {
  before: Value;
  after?: Value;
}

/** The name of the axis that counts steps. */
const stepAxis = 'steps';

export class StepLoop {
  /** Builder of the body. It starts out as the forward graph, with the same names. */
  readonly g: GraphBuilder;
  private readonly outer = new GraphBuilder(emptyGraph('training'));
  private readonly iteration: Value;
  private readonly condition: Value;
  private readonly count: Value;
  private readonly carried: Carried[] = [];
  private readonly carriedByName = new Map<string, Carried>();

  constructor(forward: Graph) {
    const body: Graph = {
      ...forward,
      name: 'step',
      inputs: [],
      outputs: [],
      // Rules may give a forward node further outputs.
      nodes: forward.nodes.map((node) => ({ ...node, inputs: [...node.inputs], outputs: [...node.outputs] })),
      initializers: new Map(forward.initializers),
      types: new Map(forward.types),
    };
    this.g = new GraphBuilder(body, this.outer);
    this.outer.graph.opset = forward.opset;
    this.count = this.outer.input('step_count', 'int64', []);
    this.iteration = this.g.input('step_number', 'int64', []);
    this.condition = this.g.input('continue', 'bool', []);
  }

  /** Declares what each step is fed. In the body it has the stated name. @returns the input that holds the stack. */
  perStep(name: string, type: TensorType): string {
    const stack = this.outer.uniqueName(`${name}/steps`);
    this.outer.graph.inputs.push({ name: stack, dtype: type.dtype, shape: [stepAxis, ...type.shape] });
    const cut: Node = {
      name: this.g.uniqueName(`${name}/step`),
      opType: 'Gather',
      domain: '',
      inputs: [stack, this.iteration.name],
      outputs: [name],
      attributes: { axis: { type: 'int', value: 0 } },
      layer: '',
    };
    // First of all nodes: the forward graph, which takes it, is already there.
    this.g.graph.nodes.unshift(cut);
    this.g.graph.types.set(name, { dtype: type.dtype, shape: type.shape });
    return stack;
  }

  /** Makes an initializer of the forward graph a state, under its name. */
  carryInitializer(name: string): Value {
    const initial = this.g.graph.initializers.get(name)!;
    this.g.graph.initializers.delete(name);
    this.g.graph.inputs.push({ name, dtype: initial.dtype, shape: initial.shape });
    return this.carry(this.g.value(name), initial, name);
  }

  /** A state that starts as zeros. */
  carryZeros(name: string, { dtype, shape }: TensorType): Value {
    const data = new (arrayOf(dtype as 'float32'))(sizeOf(shape));
    return this.carryTensor(name, { dtype, shape, data });
  }

  /** A state with its first value. */
  carryTensor(name: string, initial: Tensor): Value {
    return this.carry(this.g.input(name, initial.dtype, initial.shape), initial);
  }

  private carry(before: Value, initial: Tensor, initializer?: string): Value {
    const { name: input } = this.outer.input(`${before.name}/before`, before.dtype, before.shape);
    const state: Carried = { input, initial, initializer, before };
    this.carried.push(state);
    this.carriedByName.set(before.name, state);
    return before;
  }

  /** Says what a state is at the next step; it stays as it is where nothing is said. */
  next(before: Value, after: Value): void {
    this.carriedByName.get(before.name)!.after = after;
  }

  /** @param row what each step gives. @returns the whole graph, its states, and the output that stacks the rows. */
  close(row: Value): { graph: Graph; count: string; states: CarriedState[]; rows: string } {
    const { g, outer } = this;
    g.output(g.identity(this.condition));
    // A Loop may not hand one value on twice, and an Identity costs nothing.
    for (const { before, after } of this.carried) g.output(after ?? g.identity(before));
    g.output(row);
    const after = this.carried.map(({ before }) => outer.uniqueName(`${before.name}/after`));
    const rows = outer.uniqueName('rows');
    outer.graph.nodes.push({
      name: 'training',
      opType: 'Loop',
      domain: '',
      inputs: [this.count.name, '', ...this.carried.map(({ input }) => input)],
      outputs: [...after, rows],
      attributes: { body: { type: 'graph', value: g.graph } },
      layer: '',
    });
    this.carried.forEach(({ before }, i) => {
      outer.graph.outputs.push({ name: after[i]!, dtype: before.dtype, shape: before.shape });
    });
    outer.graph.outputs.push({ name: rows, dtype: row.dtype, shape: [stepAxis, ...row.shape] });
    return {
      graph: outer.graph,
      count: this.count.name,
      states: this.carried.map(({ input, initial, initializer }, i) => ({
        input,
        output: after[i]!,
        initial,
        ...(initializer === undefined ? {} : { initializer }),
      })),
      rows,
    };
  }
}

/**
 * One step by itself, for execution providers without a Loop, which would carry the states through the memory of the
 * host. Names and axes are those of the graph with the loop, for stacks of one step; `count` is gone, and the row has
 * no axis of steps.
 */
export function withoutLoop(graph: Graph): Graph {
  const loop = graph.nodes.find(({ opType }) => opType === 'Loop')!;
  const body = subgraphOf(loop);
  const [iteration, condition, ...before] = body.inputs;
  const [, ...after] = body.outputs;
  const [count, , ...carried] = loop.inputs;
  const renamed = (from: string, to: string): Node => ({
    name: `${to}/rename`,
    opType: 'Identity',
    domain: '',
    inputs: [from],
    outputs: [to],
    attributes: {},
    layer: '',
  });
  return {
    ...graph,
    inputs: graph.inputs
      .filter(({ name }) => name !== count)
      .map((input) => ({ ...input, shape: input.shape?.map((size) => (size === stepAxis ? 1 : size)) })),
    outputs: after.map((output, i) => ({ ...output, name: loop.outputs[i]! })),
    initializers: new Map([
      ...graph.initializers,
      ...body.initializers,
      [iteration!.name, tensor('int64', [], [0])],
      [condition!.name, tensor('bool', [], [1])],
    ]),
    types: new Map([...graph.types, ...body.types]),
    nodes: [
      ...before.map(({ name }, i) => renamed(carried[i]!, name)),
      ...body.nodes,
      ...after.map(({ name }, i) => renamed(name, loop.outputs[i]!)),
    ],
  };
}

function subgraphOf({ attributes: { body } }: Node): Graph {
  if (body?.type !== 'graph') throw new Error('The loop has no body.');
  return body.value;
}
