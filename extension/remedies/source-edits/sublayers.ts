/** The sublayers of transformer blocks in the source: attention and the feed-forward pair, each with the norm before it. */
import { expressionsIn } from '../../source/edits/arguments';
import { expressionsOf } from '../../source/edits/statement-expressions';
import { hasOwnLines, insertAfter } from '../../source/edits/statements';
import type { Op } from '../../source/values';
import { DoesNotFit } from '../remedy';
import { inputText, needsBrackets, placeBetween, type ForwardPlace } from './block-places';
import { groupBy, type Code } from './code';
import { blocksOf, featuresText, siteKey } from './network';

interface Sublayer {
  start: Op;
  end: Op;
}

export const hasAttention = (code: Code): boolean =>
  code.trace.ops.some(
    (op) =>
      op.category === 'attention' ||
      (op.category === 'softmax' && code.flow.consumers(op).some(({ category }) => category === 'matmul')),
  );

/** Those that no skip goes around yet. @param isSkipEnd whether a value is added to another one */
export const plainSublayers = (code: Code, isSkipEnd: (op: Op) => boolean): Sublayer[] => {
  const withNorm = (op: Op): Op => (op.inputs[0]?.category === 'normalization' ? op.inputs[0] : op);
  const attentions = code.trace.ops.filter(
    (op) =>
      op.category === 'attention' &&
      op.layer?.type === 'MultiheadAttention' &&
      new Set(op.inputs).size === 1 &&
      code.includesOp(op),
  );
  const pairs = blocksOf(code).flatMap(({ weights, activation }): Sublayer[] => {
    const second = code.flow.after(activation);
    const layer = second?.category === 'weights' ? second.layer : undefined;
    const width = featuresText(weights.layer, 'in');
    return second && layer && width !== undefined && width === featuresText(layer, 'out')
      ? [{ start: withNorm(weights), end: second }]
      : [];
  });
  return [...attentions.map((op) => ({ start: withNorm(op), end: op })), ...pairs].filter(({ end }) => !isSkipEnd(end));
};

/** `x = self.attention(self.norm(x), …)[0]` becomes `x = x + self.attention(self.norm(x), …)[0]`. */
export const skipSublayers = (code: Code, sublayers: readonly Sublayer[]): void => {
  if (sublayers.length === 0)
    throw new DoesNotFit('The sublayers of the transformer here have skips around them already.');
  const groups = groupBy(sublayers, ({ start, end }) => `${siteKey(start.site)} ${siteKey(end.site)}`);
  for (const [{ start, end }] of [...groups.values()] as [Sublayer][]) {
    const place = placeBetween(code, start, end);
    if (end.category === 'attention') skipAttention(code, place);
    else addTo(code, place);
  }
};

const addTo = (code: Code, place: ForwardPlace): void => {
  const { text, isLater } = inputText(code, place);
  const [open, close] = needsBrackets(place.outputPlace, place.output) ? ['(', ')'] : ['', ''];
  if (isLater) code.wrap(place.output, open, ` + ${text}${close}`);
  else code.wrap(place.output, `${open}${text} + `, close);
};

/** Attention gives a pair; its first part is added to. */
const skipAttention = (code: Code, place: ForwardPlace): void => {
  const { output, outputPlace } = place;
  const { file } = output;
  const { statement } = outputPlace;
  const isCall = ({ from, to }: { from: number; to: number }): boolean => from === output.from && to === output.to;
  const first = expressionsOf(statement)
    .flatMap((root) => [...expressionsIn(root)])
    .find((each) => each.kind === 'subscript' && isCall(each.object));
  if (first) {
    addTo(code, { ...place, output: { file, from: first.from, to: first.to } });
    return;
  }
  const [target, ...others] = statement.kind === 'assign' ? statement.targets : [];
  const name = target?.kind === 'list' && others.length === 0 ? target.items[0] : undefined;
  if (
    statement.kind !== 'assign' ||
    !isCall(statement.value) ||
    name?.kind !== 'name' ||
    !hasOwnLines(file.source, statement)
  )
    throw new DoesNotFit('The result of the attention is used in a way around which no skip can be written.');
  const { text } = inputText(code, place);
  if (text === name.name) throw new DoesNotFit('The input of the attention is overwritten by its result.');
  code.edit(file, insertAfter(file.source, statement, [`${name.name} = ${text} + ${name.name}`]));
};
