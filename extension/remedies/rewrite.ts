/** Small rewrites of a graph that keep it a graph: every value defined before it is used, nothing dead. */
import { attribute, type Graph, type Node } from '../onnx/graph';

/** Makes every node (but those in `except`) and every output that took `from` take `to`. */
export function replaceUses(graph: Graph, from: string, to: string, except: ReadonlySet<Node> = new Set()): void {
  for (const node of graph.nodes) {
    if (except.has(node)) continue;
    node.inputs = node.inputs.map((input) => (input === from ? to : input));
    for (const body of bodies(node)) replaceUses(body, from, to, except);
  }
  for (const output of graph.outputs) if (output.name === from) output.name = to;
}

/** Drops nodes whose outputs nobody takes, then the initializers that nobody takes, and puts the rest in order. */
export function tidy(graph: Graph): void {
  const producer = new Map(graph.nodes.flatMap((node) => node.outputs.filter(Boolean).map((name) => [name, node])));
  const ordered: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  // An explicit stack: a network of 20,000 nodes is deeper than the call stack.
  const visit = (root: Node): void => {
    const stack: { node: Node; needs: Iterator<string> }[] = [{ node: root, needs: dependencies(root) }];
    state.set(root, 'open');
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const next = top.needs.next();
      if (next.done) {
        stack.pop();
        state.set(top.node, 'done');
        ordered.push(top.node);
        continue;
      }
      const needed = producer.get(next.value);
      if (!needed) continue;
      const seen = state.get(needed);
      if (seen === 'open' && needed !== top.node) throw new Error(`The rewrite made a cycle through "${needed.name}".`);
      if (!seen) {
        state.set(needed, 'open');
        stack.push({ node: needed, needs: dependencies(needed) });
      }
    }
  };
  for (const { name } of graph.outputs) {
    const node = producer.get(name);
    if (node && !state.has(node)) visit(node);
  }
  graph.nodes = ordered;
  const used = new Set(ordered.flatMap((node) => [...dependencies(node)]));
  for (const { name } of graph.outputs) used.add(name);
  // A buffer may be written without being read (the left singular vector of spectral norm).
  for (const name of graph.initializers.keys())
    if (!used.has(name) && graph.marks.get(name) !== 'buffer') graph.initializers.delete(name);
}

/** What a node takes, including what its bodies take from around them. */
function* dependencies(node: Node): Generator<string> {
  for (const input of node.inputs) if (input) yield input;
  for (const body of bodies(node)) {
    for (const inner of body.nodes) yield* dependencies(inner);
    for (const { name } of body.outputs) yield name;
  }
}

const bodies = (node: Node): Graph[] =>
  Object.keys(node.attributes).flatMap((name) => attribute(node, name, 'graph') ?? []);
