/**
 * The structure of a graph, checked before anything reaches the native runtime, which a hostile or damaged model can
 * bring down with the whole process.
 */
import { InputError } from '../protocol/errors';
import { attribute, describe, type Graph, type Node } from './graph';

/**
 * Brings nodes into topological order where they are not, and makes sure that every value is made once and before it
 * is used.
 * @throws InputError naming the node
 */
export function checkGraph(graph: Graph, path: string): void {
  if (graph.outputs.length === 0) throw new InputError(`${path}: the graph has no output. Export the model again.`);
  check(graph, path, new Set());
}

function check(graph: Graph, path: string, outer: ReadonlySet<string>): void {
  const made = new Set(graph.initializers.keys());
  const make = (name: string, by: string): void => {
    if (made.has(name)) throw new InputError(`${path}: the value "${name}" is made twice, the second time by ${by}.`);
    made.add(name);
  };
  for (const { name } of graph.inputs) {
    if (name === '') throw new InputError(`${path}: an input of the graph has no name.`);
    make(name, 'an input');
  }
  const given = new Set([...outer, ...made]);
  for (const node of graph.nodes) {
    for (const divisor of ['group', 'num_groups'])
      if ((attribute(node, divisor, 'int') ?? 1) < 1)
        throw new InputError(`${path}: ${describe(node)} has ${divisor} ${attribute(node, divisor, 'int')}.`);
    if (node.outputs.every((output) => output === ''))
      throw new InputError(`${path}: ${describe(node)} has no output.`);
    for (const output of node.outputs) if (output !== '') make(output, describe(node));
  }
  graph.nodes = sorted(graph.nodes, given, path);
  for (const node of graph.nodes) {
    for (const body of subgraphs(node)) check(body, path, given);
    for (const output of node.outputs) given.add(output);
  }
  const names = new Set<string>();
  for (const { name } of graph.outputs) {
    if (!given.has(name) || name === '')
      throw new InputError(`${path}: the output "${name}" of the graph is made by no node.`);
    if (names.has(name)) throw new InputError(`${path}: the output "${name}" of the graph is listed twice.`);
    names.add(name);
  }
}

/** The nodes in topological order, as they stand where that already is one. */
function sorted(nodes: Node[], given: ReadonlySet<string>, path: string): Node[] {
  const needs = new Map(nodes.map((node) => [node, [...new Set(freeNames(node))]]));
  const waiting = new Map<string, Node[]>();
  const missing = new Map<Node, number>();
  const maker = new Map(nodes.flatMap((node) => node.outputs.filter(Boolean).map((output) => [output, node] as const)));
  const ready: Node[] = [];
  for (const node of nodes) {
    const open = needs.get(node)!.filter((name) => !given.has(name));
    for (const name of open) {
      if (!maker.has(name))
        throw new InputError(`${path}: ${describe(node)} takes "${name}", which nothing in the file makes.`);
      waiting.set(name, [...(waiting.get(name) ?? []), node]);
    }
    missing.set(node, open.length);
  }
  const place = new Map(nodes.map((node, i) => [node, i]));
  const inPlace = nodes.every((node) =>
    needs.get(node)!.every((name) => given.has(name) || place.get(maker.get(name)!)! < place.get(node)!),
  );
  if (inPlace) return nodes;
  ready.push(...nodes.filter((node) => missing.get(node) === 0));
  for (const node of ready)
    for (const output of node.outputs)
      for (const next of waiting.get(output) ?? []) {
        const left = missing.get(next)! - 1;
        missing.set(next, left);
        if (left === 0) ready.push(next);
      }
  if (ready.length < nodes.length) {
    const stuck = nodes.find((node) => missing.get(node)! > 0)!;
    throw new InputError(`${path}: the graph has a cycle through ${describe(stuck)}.`);
  }
  return ready;
}

/** Names that a node takes from around it: its inputs, and what its subgraphs do not make themselves. */
export function* freeNames(node: Node): Generator<string> {
  for (const input of node.inputs) if (input !== '') yield input;
  for (const body of subgraphs(node)) {
    const own = new Set([
      ...body.initializers.keys(),
      ...body.inputs.map(({ name }) => name),
      ...body.nodes.flatMap(({ outputs }) => outputs),
    ]);
    for (const inner of body.nodes) for (const name of freeNames(inner)) if (!own.has(name)) yield name;
    for (const { name } of body.outputs) if (!own.has(name)) yield name;
  }
}

export const subgraphs = (node: Node): Graph[] =>
  Object.values(node.attributes).flatMap((attribute) => (attribute.type === 'graph' ? [attribute.value] : []));
