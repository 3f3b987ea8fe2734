/** A plain recurrent layer becomes an LSTM or GRU, and what unpacks its state is adapted. */
import type { ParsedSource } from '../parse';
import { placeOf } from '../syntax';
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
  const { edits, text } = referTo(file, `torch.nn.${classes[cell]}`);
  const result: TextEdit[] = [...edits, { from: callee.from, to: callee.to, insert: text }];
  const nonlinearity = argumentNamed(node, 'nonlinearity');
  if (nonlinearity) result.push(removeItem(file, nonlinearity));
  if (cell === 'gru' || layer.type !== 'RNN') return result;
  const seen = new Set<number>();
  for (const op of trace.ops) {
    const call = op.call?.node;
    if (op.layer !== layer || !call || op.site.file !== file || seen.has(call.from)) continue;
    seen.add(call.from);
    const state = call.arguments[1]?.value;
    if (state) return undefined;
    const statement = placeOf(file.root, call.from)?.statement;
    if (!statement) return undefined;
    const used = stateTarget(file, statement, call);
    if (used === 'unknown') return undefined;
    if (used) result.push({ from: used.from, to: used.to, insert: `(${file.source.slice(used)}, _)` });
  }
  return result;
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
