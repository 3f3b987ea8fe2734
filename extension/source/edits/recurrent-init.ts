/** Orthogonal recurrent weights, set right after the layer is made. */
import type { ParsedSource } from '../parse';
import { placeOf } from '../syntax';
import type { Span, TextEdit } from '../text';
import type { Layer } from '../values';
import { inIndentOf } from './python-helpers';
import { quoteOf, referTo } from './references';
import { hasOwnLines, insertAfter } from './statements';

/** Gates of each cell: their weights stand below each other in one matrix. */
export const gates: Readonly<Record<string, number>> = { LSTM: 4, LSTMCell: 4, GRU: 3, GRUCell: 3 };

/** `undefined` where the layer is not assigned by a statement of its own. */
export const orthogonalEdits = (file: ParsedSource, layer: Layer): TextEdit[] | undefined => {
  const statement = placeOf(file.root, layer.site.from)?.statement;
  if (statement?.kind !== 'assign' || statement.operator || layer.site.file !== file) return undefined;
  const [target, ...others] = statement.targets;
  const isWhole = statement.value.from === layer.site.from && statement.value.to === layer.site.to;
  if (!target || others.length > 0 || !isWhole || !hasOwnLines(file.source, statement)) return undefined;
  if (target.kind !== 'name' && target.kind !== 'attribute') return undefined;
  const { edits, text } = referTo(file, 'torch.nn.init.orthogonal_');
  const quote = quoteOf(file);
  const blocks = gates[layer.type];
  const set = blocks
    ? [`        for gate in parameter.data.chunk(${blocks}):`, `            ${text}(gate)`]
    : [`        ${text}(parameter)`];
  const lines = [
    `for name, parameter in ${file.source.slice(target)}.named_parameters():`,
    `    if ${quote}weight_hh${quote} in name:`,
    ...set,
  ];
  return [...edits, insertAfter(file.source, statement, inIndentOf(file, lines))];
};

/** Sets recurrent weights orthogonally where a statement of its own sets them otherwise: each gate's block by itself. */
export const orthogonalInstead = (
  file: ParsedSource,
  layer: Layer,
  call: Span,
  weight: Span,
): TextEdit[] | undefined => {
  const { source } = file;
  const { edits, text } = referTo(file, 'torch.nn.init.orthogonal_');
  const written = source.slice(weight);
  const blocks = gates[layer.type];
  if (!blocks) return [...edits, { from: call.from, to: call.to, insert: `${text}(${written})` }];
  const statement = placeOf(file.root, call.from)?.statement;
  const isWhole =
    statement?.kind === 'expression' && statement.value.from === call.from && statement.value.to === call.to;
  if (!isWhole || !hasOwnLines(source, statement)) return undefined;
  const [first, second] = inIndentOf(file, [
    `for gate in ${written.replace(/\.data$/, '')}.data.chunk(${blocks}):`,
    `    ${text}(gate)`,
  ]);
  const lines = `${first}${source.newline}${source.indentation(call.from)}${second}`;
  return [...edits, { from: call.from, to: call.to, insert: lines }];
};
