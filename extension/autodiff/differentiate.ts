/** Reverse-mode differentiation of a specialised, canonical graph: appends the backward nodes to the graph itself. */
import { sameShape, type GraphBuilder, type Value } from '../onnx/builder';
import { attribute, describe, type Graph, type Node } from '../onnx/graph';
import { isFloat, numbers, type TensorType } from '../onnx/tensor';
import { gradientRules } from './gradients';
import { isRecurrent, trainingForm, type RecurrentRules, type ThroughTime } from './recurrent/training-form';
import { replaceNodes } from './replace';
import { operands } from './subgraph';
import { UnsupportedError, type GradientRules, type RuleContext } from './rule';

/** ∂L/∂value for the values between what is differentiated and what it is differentiated with respect to. */
export interface Gradients {
  /** Of that value's shape and type; undefined where the loss does not depend on it (or nobody asked for what does). */
  of(value: string): Value | undefined;
  /** ∂L/∂h of every step of the recurrent nodes on the way, one entry per node and direction, in forward order. */
  throughTime: readonly ThroughTime[];
}

/**
 * Walks the nodes from last to first, only along paths from `wrt` to the seeds, and adds up the gradients of values that
 * are used more than once (Linnainmaa, 1970). Backward nodes inherit the layer and source of the node that causes them.
 *
 * @param g builder of the graph; every value on a path has to have its type
 * @param seeds ∂L/∂value by the name of the value where the walk starts, of that value's shape and type
 * @param wrt names of the inputs, initializers or inner values whose gradient is wanted
 * @throws UnsupportedError naming the first operator on a path that has no gradient
 */
export function differentiate(
  g: GraphBuilder,
  seeds: ReadonlyMap<string, Value>,
  wrt: readonly string[],
  rules: GradientRules = gradientRules,
): Gradients {
  const { graph } = g;
  const recurrent = useTrainingForms(g, wrt);
  const wanted = dependents(graph, wrt);
  const sums = new GradientSums(g);
  for (const [name, seed] of seeds) sums.add(name, seed);
  const trained = new Set(wrt);
  // A copy: the rules append to the graph's nodes while we walk.
  for (const node of graph.nodes.toReversed()) {
    if (node.detached || !operands(node).some((input) => wanted.has(input))) continue;
    g.at(node, () => {
      const dys = node.outputs.map((output) => (output ? sums.total(output) : undefined));
      if (dys.every((dy) => dy === undefined)) return;
      const own = recurrent.rules.get(node);
      if (own) {
        for (const [name, gradient] of own((i) => dys[i])) if (wanted.has(name)) sums.add(name, gradient);
        return;
      }
      const rule = node.domain === '' ? rules[node.opType] : undefined;
      if (!rule) throw new UnsupportedError(node, 'this operator has no gradient.');
      const gradients = rule(ruleContext(g, node, dys, wanted, trained));
      node.inputs.forEach((input, i) => {
        const gradient = gradients[i];
        if (gradient && wanted.has(input)) sums.add(input, checked(gradient, g.value(input), node, i));
      });
    });
  }
  for (const name of wrt) sums.total(name);
  sums.prune();
  return {
    of: (name) => (wanted.has(name) || seeds.has(name) ? sums.total(name) : undefined),
    throughTime: recurrent.throughTime.reverse(),
  };
}

/** Replaces the recurrent nodes that gradients go through by the form that trains. */
function useTrainingForms(g: GraphBuilder, wrt: readonly string[]): RecurrentRules {
  const found: RecurrentRules = { rules: new Map(), throughTime: [] };
  if (!g.graph.nodes.some(isRecurrent)) return found;
  const wanted = dependents(g.graph, wrt);
  replaceNodes(g, (node) =>
    isRecurrent(node) && node.outputs.some((output) => wanted.has(output)) ? trainingForm(g, node, found) : undefined,
  );
  return found;
}

/**
 * The float values that depend on any of `names`, themselves included. Where a type is not known it is taken for a float.
 */
export function dependents(graph: Graph, names: Iterable<string>): Set<string> {
  const found = new Set(names);
  for (const node of graph.nodes)
    if (!node.detached && operands(node).some((input) => found.has(input)))
      for (const output of node.outputs) {
        const type = graph.types.get(output);
        if (output && (!type || isFloat(type.dtype))) found.add(output);
      }
  return found;
}

/** Adds up the parts of each gradient when its sum is first asked for; by then every part has arrived. */
class GradientSums {
  private readonly parts = new Map<string, Value[]>();
  /** By the parts that they make. */
  private readonly pads = new Map<string, Node>();
  private readonly replaced = new Set<Node>();

  constructor(private readonly g: GraphBuilder) {}

  add(name: string, part: Value): void {
    const maker = this.g.graph.nodes.at(-1);
    if (maker?.opType === 'Pad' && maker.outputs[0] === part.name) this.pads.set(part.name, maker);
    const found = this.parts.get(name);
    if (found) found.push(part);
    else this.parts.set(name, [part]);
  }

  total(name: string): Value | undefined {
    const parts = this.parts.get(name);
    if (!parts) return undefined;
    const sum = parts.length > 1 ? (this.joined(parts) ?? parts.reduce((a, b) => this.g.add(a, b))) : parts[0]!;
    this.parts.set(name, [sum]);
    return sum;
  }

  /** Removes what has been replaced and serves no other gradient. */
  prune(): void {
    const { graph } = this.g;
    if (this.replaced.size === 0) return;
    const used = new Set([...this.parts.values()].flat().map(({ name }) => name));
    for (const node of graph.nodes) for (const input of operands(node)) used.add(input);
    graph.nodes = graph.nodes.filter((node) => !this.replaced.has(node) || used.has(node.outputs[0]!));
  }

  /**
   * Parts that are zero but for a stretch of one axis, as those of Gather and Slice are, laid end to end where together
   * they are the whole: one copy instead of as many as there are parts, and their sums.
   */
  private joined(parts: readonly Value[]): Value | undefined {
    const { g } = this;
    const stretches = parts.flatMap(({ name }) => paddedStretch(g, this.pads.get(name)) ?? []);
    const axis = stretches[0]?.axis;
    if (axis === undefined || stretches.length < parts.length || stretches.some((each) => each.axis !== axis))
      return undefined;
    stretches.sort((a, b) => a.begin - b.begin);
    const ends = [0, ...stretches.map(({ end }) => end)];
    if (ends.at(-1) !== parts[0]!.shape[axis] || stretches.some(({ begin }, i) => begin !== ends[i])) return undefined;
    for (const { name } of parts) this.replaced.add(this.pads.get(name)!);
    return g.concat(
      stretches.map(({ inner }) => inner),
      axis,
    );
  }
}

/** What a Pad puts zeros around, where it does so along one axis. */
function paddedStretch(
  g: GraphBuilder,
  pad: Node | undefined,
): { inner: Value; axis: number; begin: number; end: number } | undefined {
  const pads = pad && g.graph.initializers.get(pad.inputs[1] ?? '');
  const filling = pad && g.graph.initializers.get(pad.inputs[2] ?? '');
  if (!pads || !filling || numbers(filling)[0] !== 0 || pad.inputs[3]) return undefined;
  const inner = g.value(pad.inputs[0]!);
  const rank = inner.shape.length;
  const around = numbers(pads);
  const axes = [...inner.shape.keys()].filter((axis) => around[axis] !== 0 || around[axis + rank] !== 0);
  if (axes.length !== 1) return undefined;
  const begin = around[axes[0]!]!;
  return { inner, axis: axes[0]!, begin, end: begin + inner.shape[axes[0]!]! };
}

function ruleContext(
  g: GraphBuilder,
  node: Node,
  dys: readonly (Value | undefined)[],
  wanted: ReadonlySet<string>,
  trained: ReadonlySet<string>,
): RuleContext {
  const present = (names: readonly string[], i: number, what: string): string => {
    const name = names[i];
    if (!name) throw new UnsupportedError(node, `its ${what} ${i} is left out, which leaves it without a gradient.`);
    return name;
  };
  return {
    node,
    g,
    input: (i) => g.value(present(node.inputs, i, 'input')),
    hasInput: (i) => Boolean(node.inputs[i]),
    output: (i = 0) => g.value(present(node.outputs, i, 'output')),
    addOutput: (i, type) => (node.outputs[i] ? g.value(node.outputs[i]) : addOutput(g, node, i, type)),
    dy: (i) => dys[i],
    wanted: (i) => Boolean(node.inputs[i]) && wanted.has(node.inputs[i]!),
    constant: (i) => {
      const name = node.inputs[i];
      return name && !trained.has(name) ? g.graph.initializers.get(name) : undefined;
    },
    int: (name, otherwise) => attribute(node, name, 'int') ?? otherwise,
    ints: (name, otherwise) => attribute(node, name, 'ints') ?? otherwise,
    float: (name, otherwise) => attribute(node, name, 'float') ?? otherwise,
    string: (name, otherwise) => attribute(node, name, 'string') ?? otherwise,
  };
}

function addOutput(g: GraphBuilder, node: Node, i: number, { dtype, shape }: TensorType): Value {
  while (node.outputs.length <= i) node.outputs.push('');
  const name = g.uniqueName(`${node.name}:${i}`);
  node.outputs[i] = name;
  g.graph.types.set(name, { dtype, shape });
  return g.value(name);
}

function checked(gradient: Value, input: Value, node: Node, i: number): Value {
  if (sameShape(gradient.shape, input.shape) && gradient.dtype === input.dtype) return gradient;
  const [is, should] = [gradient, input].map(({ dtype, shape }) => `${dtype}[${shape.join()}]`);
  throw new Error(`The gradient of input ${i} of ${describe(node)} is ${is!} where the input is ${should!}.`);
}
