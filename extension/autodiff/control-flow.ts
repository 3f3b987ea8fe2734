/** Control flow that is decided once sizes are fixed: If with a known condition, Loop and Scan with a known trip count. */
import { attribute, describe, type Attribute, type Graph, type Node } from '../onnx/graph';
import { numbers, tensor, type Tensor } from '../onnx/tensor';
import { InputError } from '../protocol/errors';
import { renamedNode, subgraph } from './subgraph';

/** More nodes than this come of a mistake, and no training graph of them would ever be built. */
const mostUnrolledNodes = 200_000;

/**
 * Puts the bodies of decided control flow in place of the nodes, as often as they run (in place). Values and nodes of a
 * body get the name of the node as a prefix. Control flow that stays undecided stays.
 * @returns whether anything changed; types and constants have to be inferred again then
 */
export function unrollControlFlow(graph: Graph): boolean {
  const inliner = new Inliner(graph);
  for (const node of graph.nodes) {
    const done =
      node.domain === '' &&
      ((node.opType === 'If' && inliner.branch(node)) ||
        (node.opType === 'Loop' && inliner.loop(node)) ||
        (node.opType === 'Scan' && inliner.scan(node)));
    if (!done) inliner.nodes.push(node);
  }
  const changed = inliner.changed;
  graph.nodes = inliner.nodes;
  return changed;
}

/** Whether nothing but sizes may have to be known before the bodies of a node can take its place. */
export const canBeUnrolled = (node: Node): boolean =>
  node.domain === '' &&
  (node.opType === 'If' ||
    node.opType === 'Scan' ||
    (node.opType === 'Loop' && Boolean(node.inputs[0]) && goesOn(subgraph(node, 'body'))));

class Inliner {
  readonly nodes: Node[] = [];
  changed = false;

  constructor(private readonly graph: Graph) {}

  /** If with a constant condition: the branch that it takes. */
  branch(node: Node): boolean {
    const condition = this.graph.initializers.get(node.inputs[0]!);
    if (!condition) return false;
    const results = this.body(node, subgraph(node, numbers(condition)[0] ? 'then_branch' : 'else_branch'), [], '');
    this.hand(node, node.outputs, results);
    return true;
  }

  /** Loop with a constant trip count whose body never ends it early. */
  loop(node: Node): boolean {
    const [limit, start, ...initial] = node.inputs;
    const body = subgraph(node, 'body');
    const count = limit ? this.graph.initializers.get(limit) : undefined;
    const condition = start ? this.graph.initializers.get(start) : undefined;
    if (start && !condition) return false;
    const skipped = condition !== undefined && !numbers(condition)[0];
    if (!skipped && (!count || !goesOn(body))) return false;
    const trips = skipped ? 0 : Math.max(0, numbers(count!)[0]!);
    this.check(node, body, trips);

    let carried: string[] = [...initial];
    const stacks: string[][] = node.outputs.slice(initial.length).map(() => []);
    const always = this.initializer(`${node.name}/condition`, tensor('bool', [], [1]));
    for (let t = 0; t < trips; t++) {
      const iteration = this.initializer(`${node.name}/${t}`, tensor('int64', [], [t]));
      const results = this.body(node, body, [iteration, always, ...carried], `${t}/`);
      carried = results.slice(1, 1 + initial.length);
      results.slice(1 + initial.length).forEach((result, i) => stacks[i]?.push(result));
    }
    this.hand(node, node.outputs.slice(0, initial.length), carried);
    node.outputs.slice(initial.length).forEach((output, i) => {
      this.stack(node, output, stacks[i]!, 0);
    });
    return true;
  }

  /** Scan, whose trip count is the length of what it scans. */
  scan(node: Node): boolean {
    const body = subgraph(node, 'body');
    const scans = attribute(node, 'num_scan_inputs', 'int') ?? 0;
    if (this.graph.opset < 9) return false;
    const states = node.inputs.length - scans;
    const outputs = node.outputs.length - states;
    const scanned = node.inputs.slice(states);
    const types = scanned.map((name) => this.graph.types.get(name));
    if (types.some((type) => type === undefined)) return false;
    const inputAxes = scanned.map((_, i) => {
      const axis = attribute(node, 'scan_input_axes', 'ints')?.[i] ?? 0;
      return axis < 0 ? axis + types[i]!.shape.length : axis;
    });
    const trips = types[0]!.shape[inputAxes[0]!]!;
    this.check(node, body, trips);

    const backwards = (name: string, i: number): boolean => attribute(node, name, 'ints')?.[i] === 1;
    const pieces = scanned.map((name, i) => {
      const all = this.unstack(node, name, inputAxes[i]!, trips, types[i]!.shape, i);
      return backwards('scan_input_directions', i) ? all.reverse() : all;
    });
    let carried = node.inputs.slice(0, states);
    const stacks: string[][] = Array.from({ length: outputs }, () => []);
    for (let t = 0; t < trips; t++) {
      const results = this.body(node, body, [...carried, ...pieces.map((piece) => piece[t]!)], `${t}/`);
      carried = results.slice(0, states);
      results.slice(states).forEach((result, i) => stacks[i]?.push(result));
    }
    this.hand(node, node.outputs.slice(0, states), carried);
    node.outputs.slice(states).forEach((output, i) => {
      const stack = backwards('scan_output_directions', i) ? stacks[i]!.reverse() : stacks[i]!;
      this.stack(node, output, stack, attribute(node, 'scan_output_axes', 'ints')?.[i] ?? 0);
    });
    return true;
  }

  /** Adds a copy of a body. @returns the names of its outputs here. */
  private body(owner: Node, body: Graph, inputs: readonly string[], prefix: string): string[] {
    this.changed = true;
    const names = new Map<string, string>();
    body.inputs.forEach(({ name }, i) => names.set(name, inputs[i]!));
    for (const [name, value] of body.initializers) names.set(name, this.initializer(`${owner.name}/${name}`, value));
    for (const node of body.nodes)
      for (const output of node.outputs) names.set(output, `${owner.name}/${prefix}${output}`);
    const rename = (name: string): string => names.get(name) ?? name;
    for (const node of body.nodes) this.nodes.push(renamedNode(node, rename, `${owner.name}/${prefix}`));
    return body.outputs.map(({ name }) => rename(name));
  }

  /** A body's initializers are the same in every copy. */
  private initializer(name: string, value: Tensor): string {
    if (!this.graph.initializers.has(name)) this.graph.initializers.set(name, value);
    return name;
  }

  private hand(owner: Node, outputs: readonly string[], values: readonly string[]): void {
    outputs.forEach((output, i) => {
      if (output) this.add(owner, 'Identity', [values[i]!], [output], {});
    });
  }

  private unstack(
    owner: Node,
    name: string,
    axis: number,
    count: number,
    shape: readonly number[],
    index: number,
  ): string[] {
    if (count === 0) return [];
    const stem = `${owner.name}/scan_${index}`;
    const ones = Array<number>(count).fill(1);
    const pieces = Array.from({ length: count }, (_, t) => `${stem}/${t}`);
    const rest = shape.toSpliced(axis, 1);
    const target = this.initializer(`${stem}/shape`, tensor('int64', [rest.length], rest));
    const cuts = pieces.map((piece) => `${piece}/cut`);
    const at: Node['attributes'] = { axis: { type: 'int', value: axis } };
    if (this.graph.opset >= 13)
      this.add(owner, 'Split', [name, this.initializer(`${stem}/lengths`, tensor('int64', [count], ones))], cuts, at);
    else this.add(owner, 'Split', [name], cuts, { ...at, split: { type: 'ints', value: ones } });
    pieces.forEach((piece, t) => {
      this.add(owner, 'Reshape', [cuts[t]!, target], [piece], {});
    });
    return pieces;
  }

  private stack(owner: Node, output: string, values: readonly string[], axis: number): void {
    if (!output) return;
    if (values.length === 0)
      throw new InputError(`${describe(owner)} runs no iteration, so "${output}" is empty and cannot be trained.`);
    const axes = this.initializer(`${owner.name}/axis_${axis}`, tensor('int64', [1], [axis]));
    const lifted = values.map((value, t) => {
      const name = `${output}/${t}`;
      if (this.graph.opset >= 13) this.add(owner, 'Unsqueeze', [value, axes], [name], {});
      else this.add(owner, 'Unsqueeze', [value], [name], { axes: { type: 'ints', value: [axis] } });
      return name;
    });
    this.add(owner, 'Concat', lifted, [output], { axis: { type: 'int', value: axis } });
  }

  private add(
    owner: Node,
    opType: string,
    inputs: string[],
    outputs: string[],
    attributes: Record<string, Attribute>,
  ): void {
    const name = `${owner.name}/${opType}/${outputs[0]!}`;
    this.nodes.push({
      name,
      opType,
      domain: '',
      inputs,
      outputs,
      attributes,
      layer: owner.layer,
      source: owner.source,
    });
  }

  private check(node: Node, body: Graph, trips: number): void {
    if (trips * body.nodes.length > mostUnrolledNodes)
      throw new InputError(
        `${describe(node)} runs ${trips} times, which would make ${trips * body.nodes.length} nodes: shorten the sequence.`,
      );
  }
}

/** Whether the condition that a body hands on is true whenever the one that it was given is. */
function goesOn(body: Graph): boolean {
  let name = body.outputs[0]!.name;
  for (;;) {
    if (name === body.inputs[1]?.name) return true;
    const constant = body.initializers.get(name);
    if (constant) return numbers(constant)[0] === 1;
    const maker = body.nodes.find((node) => node.outputs.includes(name));
    if (maker?.opType === 'Constant') {
      const value = attribute(maker, 'value', 'tensor');
      return value !== undefined && numbers(value)[0] === 1;
    }
    if (maker?.opType !== 'Identity' && maker?.opType !== 'Cast') return false;
    name = maker.inputs[0]!;
  }
}
