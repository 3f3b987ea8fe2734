/**
 * Recurrences that an exporter wrote out step by step: the same weight is multiplied with one state after the other, each
 * of which comes of the one before and of the next element of a sequence.
 */
import { sameShape } from '../../onnx/builder';
import { consumers, producers, type Graph, type Node } from '../../onnx/graph';

export interface UnrolledRecurrence {
  /** Dotted path of the module that it is part of. */
  module: string;
  /** The parameter that is multiplied with the state. */
  weight: string;
  /** The values that are its states after each step, the first step first. */
  states: string[];
}

/** Fewer steps may be anything. */
const fewestSteps = 3;

/**
 * @param graph specialised: every step a node of its own, every value typed
 * @param parameters names of initializers
 */
export function findUnrolled(graph: Graph, parameters: readonly string[]): UnrolledRecurrence[] {
  const search = new Search(graph, parameters);
  const found: UnrolledRecurrence[] = [];
  const seen = new Set<string>();
  for (const [weight, products] of search.repeatedProducts())
    for (const chain of search.chains(products)) {
      const states = search.statesOf(chain);
      // Gates with weights of their own multiply the same states.
      if (!states || seen.has(states[0]!)) continue;
      seen.add(states[0]!);
      found.push({ module: chain[0]!.product.layer, weight, states });
    }
  return found;
}

/** The values that depend on an input, and of what else is made of parameters, which. */
export function preparedWeights(
  graph: Graph,
  parameters: readonly string[],
): { live: Set<string>; prepared: Map<string, readonly string[]> } {
  const live = new Set(graph.inputs.map(({ name }) => name));
  const prepared = new Map<string, readonly string[]>(parameters.map((name) => [name, [name]]));
  for (const { inputs, outputs } of graph.nodes)
    if (inputs.some((input) => live.has(input))) for (const output of outputs) live.add(output);
    else {
      const sources = [...new Set(inputs.flatMap((input) => prepared.get(input) ?? []))];
      if (sources.length > 0) for (const output of outputs) prepared.set(output, sources);
    }
  return { live, prepared };
}

const productOperators = new Set(['Gemm', 'MatMul', 'Conv']);

/** What leaves every element of a value as it is. */
const layoutOperators = new Set(['Identity', 'Cast', 'Reshape', 'Squeeze', 'Unsqueeze', 'Transpose', 'Flatten']);

/** What cuts an element out of a sequence. */
const cuttingOperators = new Set(['Gather', 'Slice', 'Split']);

/** A product of one step, and the value of its input that is the state before the step. */
interface Step {
  product: Node;
  state: string;
}

class Search {
  private readonly makers: ReadonlyMap<string, Node>;
  private readonly takers: ReadonlyMap<string, readonly Node[]>;
  /** Values that depend on an input of the graph. */
  private readonly live: ReadonlySet<string>;
  private readonly prepared: ReadonlyMap<string, readonly string[]>;
  private readonly cut = new Map<string, boolean>();

  constructor(
    private readonly graph: Graph,
    parameters: readonly string[],
  ) {
    this.makers = producers(graph);
    this.takers = consumers(graph);
    const { live, prepared } = preparedWeights(graph, parameters);
    this.live = live;
    this.prepared = prepared;
  }

  /** By parameter, the products that take it, where there are enough of them for a recurrence. */
  repeatedProducts(): [string, Node[]][] {
    const products = new Map<string, Node[]>();
    for (const node of this.graph.nodes) {
      if (!productOperators.has(node.opType)) continue;
      const sources = node.inputs.slice(0, 2).flatMap((input) => this.prepared.get(input) ?? []);
      const [weight, ...others] = sources;
      if (weight === undefined || others.length > 0) continue;
      const found = products.get(weight);
      if (found) found.push(node);
      else products.set(weight, [node]);
    }
    return [...products].filter(([, nodes]) => nodes.length >= fewestSteps);
  }

  /** The products of a weight in chains, each of whose members depends on the one before. */
  chains(products: readonly Node[]): Step[][] {
    const stepOf = this.latest(products);
    const chains = new Map<Node, Step[]>();
    for (const product of products) {
      const before = stepOf(this.activation(product));
      const chain = before && chains.get(before);
      const state = before ? this.state(product, (name) => stepOf(name) === before) : undefined;
      // Two successors of one step are a tree, not a recurrence.
      if (before && !chain) return [];
      const steps = [...(chain ?? []), { product, state: state ?? '' }];
      if (before) chains.delete(before);
      chains.set(product, steps);
    }
    return [...chains.values()].filter((chain) => chain.length >= fewestSteps && this.isFedBySequence(chain));
  }

  /** The states after each step; undefined where they are not alike. */
  statesOf(chain: readonly Step[]): string[] | undefined {
    const states = chain.slice(1).map(({ state }) => state);
    const shape = (name: string): readonly number[] => this.graph.types.get(name)?.shape ?? [];
    if (states.some((state) => state === '' || !sameShape(shape(state), shape(states[0]!)))) return undefined;
    const last = this.sameWay(chain.at(-2)!.product, states.at(-1)!, chain.at(-1)!.product);
    return last !== undefined && sameShape(shape(last), shape(states[0]!)) ? [...states, last] : states;
  }

  private activation({ inputs }: Node): string {
    return this.live.has(inputs[0]!) ? inputs[0]! : inputs[1]!;
  }

  /** For every value the last of the products that it depends on. */
  private latest(products: readonly Node[]): (name: string) => Node | undefined {
    const order = new Map(products.map((product, i) => [product, i]));
    const found = new Map<string, number>();
    for (const node of this.graph.nodes) {
      const step = order.get(node) ?? Math.max(...node.inputs.map((input) => found.get(input) ?? -1));
      if (step >= 0) for (const output of node.outputs) found.set(output, step);
    }
    return (name) => products[found.get(name) ?? -1];
  }

  /** What a product takes from the step before, without what is laid beside it. */
  private state(product: Node, isOfStepBefore: (name: string) => boolean): string {
    let name = this.activation(product);
    for (;;) {
      const maker = this.makers.get(name);
      if (!maker || !(layoutOperators.has(maker.opType) || maker.opType === 'Concat')) return name;
      const before = maker.inputs.filter(isOfStepBefore);
      if (before.length !== 1) return name;
      name = before[0]!;
    }
  }

  /** Whether every step takes something of its own that is cut out of a sequence. */
  private isFedBySequence(chain: readonly Step[]): boolean {
    const stepOf = this.latest(chain.map(({ product }) => product));
    const places = new Map(chain.map(({ product }, i) => [product, i]));
    const fed = chain.map(() => new Set<string>());
    for (const node of this.graph.nodes) {
      const step = places.get(stepOf(node.outputs[0] ?? '')!);
      if (step === undefined) continue;
      for (const input of node.inputs)
        if (this.live.has(input) && !stepOf(input) && this.isCut(input)) fed[step]!.add(input);
    }
    const uses = new Map<string, number>();
    for (const values of fed) for (const value of values) uses.set(value, (uses.get(value) ?? 0) + 1);
    // What is laid beside the state before a product counts for the step before. The ends may be written differently.
    return fed.slice(1, -1).every((values) => [...values].some((value) => uses.get(value) === 1));
  }

  /** Whether a value comes of an element that was cut out of something, and of parameters. */
  private isCut(name: string): boolean {
    const stack = [name];
    const seen: string[] = [];
    let found = false;
    while (stack.length > 0 && !found) {
      const value = stack.pop()!;
      const known = this.cut.get(value);
      if (known === true) found = true;
      if (known !== undefined) continue;
      seen.push(value);
      this.cut.set(value, false);
      const maker = this.makers.get(value);
      if (!maker || !this.live.has(value)) continue;
      const embeds = maker.opType === 'Gather' && !this.live.has(maker.inputs[0]!);
      if (cuttingOperators.has(maker.opType) && !embeds) found = true;
      else stack.push(...maker.inputs);
    }
    if (found) {
      for (const value of seen) this.cut.delete(value);
      this.cut.set(name, true);
    }
    return found;
  }

  /** The value that is to `there` what `value` is to `here`: at the end of the same way through the same operators. */
  private sameWay(here: Node, value: string, there: Node): string | undefined {
    const maker = this.makers.get(value)!;
    let ends = [there];
    for (const { output, input, opType } of this.wayBetween(here, maker))
      ends = ends.flatMap(({ outputs }) =>
        (this.takers.get(outputs[output]!) ?? []).filter(
          (taker) => taker.opType === opType && taker.inputs[input] === outputs[output],
        ),
      );
    return ends.find(({ opType }) => opType === maker.opType)?.outputs[maker.outputs.indexOf(value)];
  }

  /** The shortest way from a node to another that depends on it, edge by edge. */
  private wayBetween(from: Node, to: Node): { output: number; input: number; opType: string }[] {
    const cameFrom = new Map<Node, { node: Node; output: number; input: number }>();
    // Backwards: what lies before a state is one step, what lies after a product is the rest of the network.
    const queue = [to];
    for (let i = 0; i < queue.length && !cameFrom.has(from); i++)
      queue[i]!.inputs.forEach((name, input) => {
        const maker = this.makers.get(name);
        if (!maker || cameFrom.has(maker)) return;
        cameFrom.set(maker, { node: queue[i]!, output: maker.outputs.indexOf(name), input });
        queue.push(maker);
      });
    const way = [];
    for (let node = from; node !== to;) {
      const edge = cameFrom.get(node)!;
      way.push({ output: edge.output, input: edge.input, opType: edge.node.opType });
      node = edge.node;
    }
    return way;
  }
}
