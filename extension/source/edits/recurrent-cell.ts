/** A plain recurrent layer becomes an LSTM or GRU, and what unpacks its state is adapted. */
import type { ParsedSource } from '../parse';
import { allStatements, placeOf, placesAround } from '../syntax';
import type { TextEdit } from '../text';
import type { Trace } from '../trace';
import type { Layer } from '../values';
import { argumentNamed, removeItem } from './arguments';
import { referTo } from './references';

const classes = { lstm: 'LSTM', gru: 'GRU' } as const;

/** `undefined` where the state travels in a way that would need more than this layer's own calls to change. */
export const cellFix = (
  file: ParsedSource,
  trace: Trace,
  layer: Layer,
  cell: 'lstm' | 'gru',
): TextEdit[] | undefined => {
  if (layer.site.file !== file) return undefined;
  const { node } = layer.call;
  const { callee } = node;
  if (layer.path.startsWith('tf.'))
    return callee.kind === 'attribute'
      ? [{ from: callee.to - callee.name.length, to: callee.to, insert: cell }]
      : undefined;
  const suffix = layer.type.endsWith('Cell') ? 'Cell' : '';
  const { edits, text } = referTo(file, `torch.nn.${classes[cell]}${suffix}`);
  const result: TextEdit[] = [...edits, { from: callee.from, to: callee.to, insert: text }];
  const nonlinearity = argumentNamed(node, 'nonlinearity');
  if (nonlinearity) result.push(removeItem(file, nonlinearity));
  else if (node.arguments.slice(3).some(({ name, spread }) => name === undefined || spread)) return undefined;
  if (cell === 'gru') return result;
  // An LSTM cell gives two states back, which the loop around it would have to carry on.
  if (layer.type !== 'RNN') return undefined;
  const seen = new Set<number>();
  for (const op of trace.ops) {
    const call = op.call?.node;
    if (op.layer !== layer || !call || op.site.file !== file || seen.has(call.from)) continue;
    seen.add(call.from);
    const state = call.arguments[1]?.value;
    if (state) {
      // Two states start where one did, if that is all zeros; a state that is carried on needs its cell state as well.
      if (state.kind !== 'name' || !isZero(file, state)) return undefined;
      const zeros = referTo(file, 'torch.zeros_like');
      result.push(...zeros.edits, {
        from: state.from,
        to: state.to,
        insert: `(${state.name}, ${zeros.text}(${state.name}))`,
      });
    }
    const statement = placeOf(file.root, call.from)?.statement;
    if (!statement) return undefined;
    const used = stateTarget(file, statement, call);
    if (used === 'unknown') return undefined;
    if (used) result.push({ from: used.from, to: used.to, insert: `(${file.source.slice(used)}, _)` });
  }
  return result;
};

/** Whether a name stands for `torch.zeros(…)` alone in the function around. */
const isZero = (file: ParsedSource, name: { name: string; from: number }): boolean => {
  const around = placesAround(file.root, name.from).findLast(({ statement }) => statement.kind === 'function');
  const inside = around?.statement.kind === 'function' ? around.statement.function.body : file.root;
  const values: string[] = [];
  for (const statement of allStatements(inside)) {
    if (statement.kind !== 'assign') continue;
    for (const target of statement.targets)
      for (const part of target.kind === 'list' ? target.items : [target])
        if (part.kind === 'name' && part.name === name.name)
          values.push(part === target ? file.source.slice(statement.value) : '');
  }
  return values.length > 0 && values.every((value) => /^torch\.zeros\(|\.new_zeros\(|^zeros\(/.test(value));
};

/** The name that takes the state, where it is used; `unknown` where the state goes elsewhere. */
const stateTarget = (
  file: ParsedSource,
  statement: NonNullable<ReturnType<typeof placeOf>>['statement'],
  call: { from: number; to: number },
): { from: number; to: number } | 'unknown' | undefined => {
  const { source } = file;
  const after = source.text.slice(call.to, call.to + 40);
  if (/^\s*\[\s*0\s*\]/.test(after)) return undefined;
  if (statement.kind !== 'assign' || statement.value.from !== call.from || statement.value.to !== call.to)
    return 'unknown';
  const [target] = statement.targets;
  if (target?.kind !== 'list' || target.items.length !== 2) return 'unknown';
  const state = target.items[1]!;
  if (state.kind !== 'name') return state.kind === 'list' ? undefined : 'unknown';
  return state.name === '_' ? undefined : state;
};
