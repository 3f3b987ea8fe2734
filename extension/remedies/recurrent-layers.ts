/**
 * Recurrent layers as PyTorch exports them, whatever their form in the graph: one operator, or a chain unrolled over
 * time. They are found by their module and by the names of its parameters (`weight_ih_l0`, `weight_hh_l0_reverse`, …).
 */
import type { Value } from '../onnx/builder';
import { attribute, consumers, producers, type Node } from '../onnx/graph';
import type { Patient } from './patient';
import { replaceUses, tidy } from './rewrite';

export interface RecurrentLayer {
  layer: string;
  cell: 'RNN' | 'LSTM' | 'GRU';
  inputSize: number;
  hiddenSize: number;
  /** Stacked layers and directions. */
  depth: number;
  directions: 1 | 2;
  bias: boolean;
  batchFirst: boolean;
  parameters: readonly string[];
  nodes: ReadonlySet<Node>;
  /** [time, batch, features], or [batch, time, features] where `batchFirst`. */
  input: Value;
  /** The output of every step, where the model uses it. */
  sequence?: Value;
  /** The last hidden state, [depth · directions, batch, hidden], where the model uses it. */
  state?: Value;
}

const hiddenWeight = /^(?:(.*)\.)?weight_hh_l(\d+)(_reverse)?$/;

/** The hidden-to-hidden weights, [gates · hidden, hidden], of recurrent layers and cells. */
export function recurrentWeights({ graph, parameters }: Patient): { layer: string; weight: string }[] {
  return [...parameters].flatMap((weight) => {
    const match = /^(?:(.*)\.)?weight_hh(?:_l\d+(?:_reverse)?)?$/.exec(weight);
    return match && graph.initializers.get(weight)?.shape.length === 2 ? [{ layer: match[1] ?? '', weight }] : [];
  });
}

/** Recurrent layers in forward order. One whose interface cannot be read from the graph is left out. */
export function recurrentLayers(patient: Patient): RecurrentLayer[] {
  const names = new Set<string>();
  for (const parameter of patient.parameters) {
    const match = hiddenWeight.exec(parameter);
    if (match) names.add(match[1] ?? '');
  }
  return [...names].flatMap((name) => readLayer(patient, name) ?? []);
}

function readLayer(patient: Patient, layer: string): RecurrentLayer | undefined {
  const { graph, g } = patient;
  const prefix = layer ? `${layer}.` : '';
  const parameters = [...patient.parameters].filter(
    (name) => name.startsWith(prefix) && /^(weight|bias)_(ih|hh)_l\d+/.test(name.slice(prefix.length)),
  );
  const shapeOf = (name: string): readonly number[] => graph.initializers.get(`${prefix}${name}`)?.shape ?? [];
  const hiddenSize = shapeOf('weight_hh_l0')[1];
  const inputSize = shapeOf('weight_ih_l0')[1];
  if (hiddenSize === undefined || inputSize === undefined) return undefined;
  const gates = shapeOf('weight_hh_l0')[0]! / hiddenSize;
  const cell = ({ 1: 'RNN', 3: 'GRU', 4: 'LSTM' } as const)[gates];
  const nodes = new Set(graph.nodes.filter((node) => node.layer === layer || node.layer.startsWith(prefix || '\0')));
  const made = producers(graph);
  const takers = consumers(graph);
  const inputs = [...new Set([...nodes].flatMap((node) => node.inputs))].filter(
    (name) => name && !graph.initializers.has(name) && !nodes.has(made.get(name)!),
  );
  const sequences = inputs
    .map((name) => g.value(name))
    .filter(({ shape }) => shape.at(-1) === inputSize && shape.length === 3);
  // An initial state that the user computes has no counterpart in another kind of cell.
  if (!cell || sequences.length !== 1 || inputs.length !== 1) return undefined;
  const input = sequences[0]!;
  const directions = parameters.some((name) => name.endsWith('_reverse')) ? 2 : 1;
  const depth = parameters.filter((name) => /weight_hh_l\d+$/.test(name)).length;
  const batchFirst = (takers.get(input.name) ?? []).some(
    (node) => nodes.has(node) && node.opType === 'Transpose' && attribute(node, 'perm', 'ints')?.join() === '1,0,2',
  );
  const [time, batch] = batchFirst ? [input.shape[1]!, input.shape[0]!] : [input.shape[0]!, input.shape[1]!];
  const outside = new Set(graph.outputs.map(({ name }) => name));
  const results = [...nodes]
    .flatMap((node) => node.outputs)
    .filter((name) => name && (outside.has(name) || (takers.get(name) ?? []).some((node) => !nodes.has(node))))
    .map((name) => g.value(name));
  const like = (shape: readonly number[]): Value | undefined =>
    results.find((value) => value.shape.join() === shape.join());
  const width = directions * hiddenSize;
  const sequence = like(batchFirst ? [batch, time, width] : [time, batch, width]);
  const state = results.find(
    (value) => value !== sequence && value.shape.join() === [depth * directions, batch, hiddenSize].join(),
  );
  // Something else of the layer is used (an LSTM's cell state, one step of the chain): it cannot be stood in for.
  if (results.length !== [sequence, state].filter(Boolean).length) return undefined;
  const bias = parameters.some((name) => name.includes('bias_ih'));
  return {
    layer,
    cell,
    inputSize,
    hiddenSize,
    depth,
    directions,
    bias,
    batchFirst,
    parameters,
    nodes,
    input,
    sequence,
    state,
  };
}

/** What stands in for a recurrent layer. `sequence` as the layer gave it; `state` is called only where it is used. */
export interface Replacement {
  sequence: Value;
  state: () => Value;
}

/** Takes a recurrent layer out, parameters included, and puts `build` in its place. */
export function replaceRecurrent(patient: Patient, old: RecurrentLayer, build: () => Replacement): void {
  const { graph, g, parameters } = patient;
  const source = [...old.nodes].find((node) => node.source)?.source;
  const retired = new Set(old.nodes);
  for (const name of old.parameters) {
    parameters.delete(name);
    graph.marks.delete(name);
    retire(patient, name, retired);
  }
  g.at({ layer: old.layer, source }, () => {
    const { sequence, state } = build();
    if (old.sequence) replaceUses(graph, old.sequence.name, sequence.name, retired);
    if (old.state) replaceUses(graph, old.state.name, state().name, retired);
  });
  tidy(graph);
}

/** Frees the name of a parameter for its successor; the nodes that are on their way out keep the old tensor. */
function retire({ graph, g }: Patient, name: string, users: ReadonlySet<Node>): void {
  const kept = g.initializer(`${name}.replaced`, graph.initializers.get(name)!);
  graph.initializers.delete(name);
  g.release(name);
  for (const node of users) node.inputs = node.inputs.map((input) => (input === name ? kept.name : input));
}
