/** The fix of clipping in the wrong place: the statement that clips goes right before the optimizer's step. */
import { commonBlock, hasOwnLines, linesOf, moveStatement, reindent, removeStatement } from '../edits/statements';
import { placeOf, type Place } from '../syntax';
import type { TextEdit } from '../text';
import type { Event } from '../trace';
import type { RuleContext } from './rule';

/** Moves the clipping before the step; `unscale` is a statement to stand before it. */
export const moveClipBefore = (
  { file }: RuleContext,
  clip: Event,
  step: Event,
  unscale?: string,
): TextEdit[] | undefined => {
  if (clip.site.file !== file || step.site.file !== file) return undefined;
  const { source, root } = file;
  const what = placeOf(root, clip.site.from);
  const target = placeOf(root, step.site.from);
  if (!what || !target || what.statement === target.statement) return undefined;
  if (
    !['expression', 'assign'].includes(what.statement.kind) ||
    !['expression', 'assign'].includes(target.statement.kind)
  )
    return undefined;
  const moved =
    what.block.statements.length > 1
      ? moveStatement(file, what, 'before', target.statement)
      : moveWhole(file, clip, step);
  if (!moved || !unscale) return moved;
  const lines = linesOf(source, target.statement);
  const insert = `${source.indentation(target.statement.from)}${unscale}${source.newline}`;
  return [{ from: lines.from, to: lines.from, insert }, ...moved];
};

/** Where the clipping is all that a condition holds, the condition moves with it. */
const moveWhole = (file: RuleContext['file'], clip: Event, step: Event): TextEdit[] | undefined => {
  const common = commonBlock(file.root, clip.site.from, step.site.from);
  if (!common || common.one.statement.kind !== 'if' || common.one.statement.otherwise) return undefined;
  if (common.one.statement.body.statements.length !== 1) return undefined;
  const { source } = file;
  const target: Place | undefined = placeOf(file.root, step.site.from);
  if (!target || !hasOwnLines(source, target.statement)) return undefined;
  const at = linesOf(source, target.statement).from;
  let text = reindent(source, common.one.statement, source.indentation(target.statement.from));
  if (!text.endsWith('\n')) text += source.newline;
  return [{ from: at, to: at, insert: text }, removeStatement(source, common.one.statement)];
};
