/**
 * RNN, LSTM and GRU in the form that trains: the products with the inputs of all steps at once, a Scan for the rest that
 * saves its gates, and for the way back another Scan and one product for the recurrent weights. It is faster than the
 * runtime's own operators, whose gates would have to be computed again, and than an unrolled chain.
 */
import type { GraphBuilder, Value } from '../../onnx/builder';
import { attribute, type Node } from '../../onnx/graph';
import { numbers } from '../../onnx/tensor';
import { UnsupportedError } from '../rule';
import type { Cell, CellWeights } from './cell';
import { gruCell, resetFirstGruCell } from './gru';
import { lstmCell } from './lstm';
import { rnnCell } from './rnn';
import { scan, type ScanResult } from './scan';

/** ∂L/∂h of every step of one direction of a recurrent node. */
export interface ThroughTime {
  /** Dotted path of the module that the node belongs to. */
  module: string;
  /** The recurrent weights as the node takes them, of both directions where it has two. */
  weight: string;
  reverse: boolean;
  /** `[length, batch, hidden]`, in the order of the sequence. */
  gradient: Value;
}

/** Gradients of the values that a node takes, those that its subgraph takes included. */
export type OwnRule = (dy: (output: number) => Value | undefined) => Iterable<readonly [string, Value]>;

/** The rules of the Scan nodes made here, and where they leave the gradients through time. */
export interface RecurrentRules {
  rules: Map<Node, OwnRule>;
  throughTime: ThroughTime[];
}

export const isRecurrent = ({ opType, domain }: Node): boolean =>
  domain === '' && (opType === 'RNN' || opType === 'LSTM' || opType === 'GRU');

/**
 * Adds the training form of a node to the graph.
 * @returns the node's outputs: all hidden states, the last hidden state, the last cell state
 * @throws UnsupportedError for peepholes, clipping, coupled gates and activations other than the usual
 */
export function trainingForm(g: GraphBuilder, node: Node, found: RecurrentRules): (Value | undefined)[] {
  const operands = readOperands(g, node);
  const directions = { forward: [false], reverse: [true], bidirectional: [false, true] }[operands.direction];
  const results = directions!.map((reverse, i) => direction(g, node, operands, i, reverse, found));
  const [length, batch, hidden] = results[0]!.hidden.shape as [number, number, number];

  const all = g.concat(
    results.map((result) => g.reshape(result.hidden, [length, 1, batch, hidden])),
    1,
  );
  const last = (state: number): Value | undefined => {
    if (!results[0]!.final[state]) return undefined;
    return g.concat(
      results.map((result) => g.reshape(result.final[state]!, [1, batch, hidden])),
      0,
    );
  };
  return [all, last(0), last(1)];
}

interface Operands {
  cell: Cell;
  direction: string;
  hidden: number;
  /** `[length, batch, features]`. */
  x: Value;
  /** `[directions, gates · hidden, features]` and so on, as the node has them. */
  w: Value;
  r: Value;
  bias?: Value;
  /** int32 `[batch]`, where some sequences are shorter than others. */
  lengths?: Value;
  /** `[directions, batch, hidden]`. */
  initial: (Value | undefined)[];
}

function readOperands(g: GraphBuilder, node: Node): Operands {
  const refuse = (why: string): never => {
    throw new UnsupportedError(node, why);
  };
  const optional = (i: number): Value | undefined => (node.inputs[i] ? g.value(node.inputs[i]) : undefined);
  if (node.inputs[7]) refuse('peepholes have no gradient here.');
  if (attribute(node, 'clip', 'float')) refuse('clipping of the cell has no gradient here.');
  if (attribute(node, 'input_forget', 'int')) refuse('coupled input and forget gates have no gradient here.');
  const [w, r] = [g.value(node.inputs[1]!), g.value(node.inputs[2]!)];
  const cell = cellOf(node, refuse);
  if (r.shape[1] !== cell.gates * r.shape[2]!)
    refuse('a state that is projected to another size (proj_size) has no gradient here.');
  return {
    cell,
    direction: attribute(node, 'direction', 'string') ?? 'forward',
    hidden: r.shape[2]!,
    x: g.value(node.inputs[0]!),
    w,
    r,
    bias: optional(3),
    lengths: shorterSequences(g, node, optional(4)),
    initial: [optional(5), cell.states > 1 ? optional(6) : undefined],
  };
}

/** Undefined where every sequence is known to have the full length. */
function shorterSequences(g: GraphBuilder, node: Node, lengths: Value | undefined): Value | undefined {
  const known = lengths && g.graph.initializers.get(lengths.name);
  const full = g.value(node.inputs[0]!).shape[0]!;
  return known && numbers(known).every((length) => length === full) ? undefined : lengths;
}

const usual: Readonly<Record<string, readonly string[]>> = {
  LSTM: ['sigmoid', 'tanh', 'tanh'],
  GRU: ['sigmoid', 'tanh'],
};

function cellOf(node: Node, refuse: (why: string) => never): Cell {
  const count = attribute(node, 'direction', 'string') === 'bidirectional' ? 2 : 1;
  const activations = attribute(node, 'activations', 'strings')?.map((name) => name.toLowerCase());
  if (node.opType === 'RNN') {
    const names = new Set(activations ?? ['tanh']);
    if (names.size === 1 && names.has('tanh')) return rnnCell('Tanh');
    if (names.size === 1 && names.has('relu')) return rnnCell('Relu');
    return refuse(`the activations ${[...names].join(', ')} have no gradient here.`);
  }
  const expected = usual[node.opType]!;
  if (activations && activations.join() !== Array(count).fill(expected).flat().join())
    refuse(`the activations ${activations.join(', ')} have no gradient here.`);
  if (node.opType === 'LSTM') return lstmCell;
  return attribute(node, 'linear_before_reset', 'int') ? gruCell : resetFirstGruCell;
}

/** One direction: its hidden states `[length, batch, hidden]`, and the states after its last step. */
function direction(
  g: GraphBuilder,
  node: Node,
  operands: Operands,
  index: number,
  reverse: boolean,
  found: RecurrentRules,
): { hidden: Value; final: Value[] } {
  const { cell, hidden, lengths } = operands;
  const [length, batch, features] = operands.x.shape as [number, number, number];
  const width = cell.gates * hidden;
  const own = (value: Value): Value => {
    const directions = value.shape[0]!;
    const part = directions === 1 ? value : g.slice(value, 0, index, index + 1);
    return g.reshape(part, value.shape.slice(1));
  };
  // Short sequences are turned around within their length, so that the steps that count come first.
  const turned = reverse && lengths !== undefined;
  const x = turned ? reverseSequence(g, operands.x, lengths) : operands.x;

  const recurrent = own(operands.r);
  const [inputBias, stateBias] = operands.bias ? g.split(own(operands.bias), [width, width], 0) : [];
  const weights: CellWeights = { recurrent, hidden, bias: cell.separateBias ? stateBias : undefined };
  const bias = inputBias && stateBias && !cell.separateBias ? g.add(inputBias, stateBias) : inputBias;
  const flat = g.gemm(g.reshape(x, [length * batch, features]), own(operands.w), { transB: true, c: bias });
  const input = g.reshape(flat, [length, batch, width]);
  const initial = Array.from({ length: cell.states }, (_, i) => {
    const given = operands.initial[i];
    return given ? own(given) : zeros(g, x, [batch, hidden]);
  });
  const run = new Recurrence(g, cell, weights, input, initial, lengths && stepMask(g, lengths, x), reverse && !turned);
  found.rules.set(run.node, (dy) => {
    const { gradients, hiddenGradient } = run.backward(dy);
    found.throughTime.push({
      module: node.layer,
      weight: operands.r.name,
      reverse,
      gradient: turned ? reverseSequence(g, hiddenGradient, lengths) : hiddenGradient,
    });
    return gradients;
  });
  return { hidden: turned ? reverseSequence(g, run.hidden, lengths) : run.hidden, final: run.final };
}

/** The Scan of one direction, and the way back through it. */
class Recurrence {
  readonly hidden: Value;
  readonly final: Value[];
  readonly node: Node;
  private readonly saved: Value[];
  /** The states after each step, which are what the next starts from. */
  private readonly states: Value[];

  /** @param mask `[length, batch, 1]`: 1 where a step counts, 0 beyond the end of a sequence. */
  constructor(
    private readonly g: GraphBuilder,
    private readonly cell: Cell,
    private readonly weights: CellWeights,
    private readonly input: Value,
    private readonly initial: Value[],
    private readonly mask: Value | undefined,
    private readonly reverse: boolean,
  ) {
    const result: ScanResult = scan(g, {
      initial,
      sequences: mask ? [input, mask] : [input],
      reverse,
      step: (b, before, [item, counts]) => {
        const { states, saved } = cell.step(b, item!, before, weights);
        if (!counts) return { states, stacked: [...states, ...saved] };
        const held = states.map((state, i) => b.add(before[i]!, b.mul(counts, b.sub(state, before[i]!))));
        return { states: held, stacked: [...held, ...saved, b.mul(states[0]!, counts)] };
      },
    });
    this.node = result.node;
    this.final = result.final;
    this.states = result.stacks.slice(0, cell.states);
    this.saved = result.stacks.slice(cell.states, mask ? -1 : undefined);
    this.hidden = mask ? result.stacks.at(-1)! : this.states[0]!;
  }

  backward(dy: (output: number) => Value | undefined): { gradients: [string, Value][]; hiddenGradient: Value } {
    const { g, cell, weights, mask, input } = this;
    const previous = this.states.map((states, i) => this.shifted(states, this.initial[i]!));
    const way = cell.backward(g, this.saved, previous, this.states, weights);
    const ofHidden = dy(this.node.outputs.indexOf(this.hidden.name));
    const sequences = [...way.factors, ...(ofHidden ? [ofHidden] : []), ...(mask ? [mask] : [])];
    const count = way.factors.length;
    const result = scan(g, {
      initial: this.initial.map((state, i) => dy(i) ?? zeros(g, state, state.shape)),
      sequences,
      reverse: !this.reverse,
      step: (b, after, items) => {
        const own = ofHidden && items[count];
        const counts = mask && items.at(-1)!;
        const masked = (value: Value): Value => (counts ? b.mul(value, counts) : value);
        const next = after.map((state, i) => masked(i === 0 && own ? b.add(state, own) : state));
        const { previous: before, stacked } = way.step(b, next, items);
        const states = counts ? before.map((state, i) => b.add(state, b.sub(after[i]!, masked(after[i]!)))) : before;
        return { states, stacked: [...next, ...stacked] };
      },
    });
    const next = result.stacks.slice(0, cell.states);
    const { input: dInput, recurrent, bias } = way.finish(next, result.stacks.slice(cell.states));
    const gradients: [string, Value][] = [
      [input.name, dInput],
      [weights.recurrent.name, recurrent],
      ...this.initial.map((state, i): [string, Value] => [state.name, result.final[i]!]),
    ];
    if (weights.bias && bias) gradients.push([weights.bias.name, bias]);
    return { gradients, hiddenGradient: next[0]! };
  }

  /** The states before each step from those after it. */
  private shifted(states: Value, initial: Value): Value {
    const { g, reverse } = this;
    const length = states.shape[0]!;
    const first = g.reshape(initial, [1, ...initial.shape]);
    if (length === 1) return first;
    return reverse
      ? g.concat([g.slice(states, 0, 1, length), first], 0)
      : g.concat([first, g.slice(states, 0, 0, length - 1)], 0);
  }
}

/** 1 where a step is within its sequence, `[length, batch, 1]`. */
function stepMask(g: GraphBuilder, lengths: Value, x: Value): Value {
  const [length, batch] = x.shape as [number, number];
  const steps = g.constant('int32', [length, 1], [...Array(length).keys()]);
  const within = g.less(steps, g.reshape(g.cast(lengths, 'int32'), [1, batch]));
  return g.reshape(g.cast(within, x.dtype), [length, batch, 1]);
}

const reverseSequence = (g: GraphBuilder, x: Value, lengths: Value): Value =>
  g.op('ReverseSequence', [x, g.cast(lengths, 'int64')], { time_axis: 0, batch_axis: 1 }, x);

const zeros = (g: GraphBuilder, { dtype }: Value, shape: readonly number[]): Value =>
  g.expand(g.scalar(0, dtype as 'float32'), shape);
