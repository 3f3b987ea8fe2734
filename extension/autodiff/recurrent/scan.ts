/** The Scan operator as a function: one step of a recurrence, written once, over the first axis of its sequences. */
import { GraphBuilder, type Value } from '../../onnx/builder';
import { emptyGraph, type Node } from '../../onnx/graph';

export interface ScanRequest {
  /** The states before the first step. */
  initial: readonly Value[];
  /** `[length, …]` each, of one length. */
  sequences: readonly Value[];
  /** From the last element to the first; what is stacked keeps the order of the sequences. */
  reverse: boolean;
  /** One step: the next states, of the shapes of the states, and what is stacked. Values from around it can be used. */
  step: (b: GraphBuilder, states: readonly Value[], items: readonly Value[]) => { states: Value[]; stacked: Value[] };
}

export interface ScanResult {
  /** The states after the last step. */
  final: Value[];
  /** `[length, …]` each. */
  stacks: Value[];
  node: Node;
}

export function scan(g: GraphBuilder, { initial, sequences, reverse, step }: ScanRequest): ScanResult {
  const b = new GraphBuilder(emptyGraph('step'), g);
  const states = initial.map(({ dtype, shape }) => b.input('state', dtype, shape));
  const items = sequences.map(({ dtype, shape }) => b.input('item', dtype, shape.slice(1)));
  const result = step(b, states, items);
  // ONNX Runtime mixes up a value that a body gives twice, or gives as it was handed in.
  const given = new Set([...states, ...items].map(({ name }) => name));
  for (const value of [...result.states, ...result.stacked]) {
    const own = given.has(value.name) ? b.identity(value) : value;
    given.add(own.name);
    b.output(own);
  }
  const length = sequences[0]!.shape[0]!;
  const outputs = [
    ...initial.map(({ dtype, shape }) => ({ dtype, shape })),
    ...result.stacked.map(({ dtype, shape }) => ({ dtype, shape: [length, ...shape] })),
  ];
  const directions = (count: number): number[] => Array<number>(count).fill(reverse ? 1 : 0);
  const values = g.ops(
    'Scan',
    [...initial, ...sequences],
    {
      body: b.graph,
      num_scan_inputs: sequences.length,
      scan_input_directions: directions(sequences.length),
      ...(result.stacked.length > 0 ? { scan_output_directions: directions(result.stacked.length) } : {}),
    },
    outputs,
  );
  const node = g.graph.nodes.at(-1)!;
  return { final: values.slice(0, initial.length), stacks: values.slice(initial.length), node };
}
