/** Ranges that follow what is typed around them. */
import type { Position, Range } from '../source/text';

/** A change of a document, as VS Code tells it: a range of the old text and the text that takes its place. */
export interface TextChange {
  range: Range;
  text: string;
}

const isBefore = (a: Position, b: Position): boolean =>
  a.line < b.line || (a.line === b.line && a.character <= b.character);

/** Where a range is after a change; `undefined` where the change is on its lines, so that it no longer is what it was. */
export function movedRange(range: Range, { range: changed, text }: TextChange): Range | undefined {
  const lineStart = { line: range.start.line, character: 0 };
  const isPushedDown =
    isBefore(changed.end, lineStart) &&
    (changed.end.line < range.start.line || text.endsWith('\n') || (text === '' && changed.start.character === 0));
  if (isPushedDown) {
    const lines = text.split('\n').length - 1 - (changed.end.line - changed.start.line);
    const move = ({ line, character }: Position): Position => ({ line: line + lines, character });
    return { start: move(range.start), end: move(range.end) };
  }
  return changed.start.line > range.end.line ? range : undefined;
}

/** Where a line of earlier is in a text: still there, or elsewhere and only there. */
export function lineOfText(lines: readonly string[], line: number, text: string): number | undefined {
  if (lines[line] === text) return line;
  const first = lines.indexOf(text);
  return first >= 0 && lines.lastIndexOf(text) === first ? first : undefined;
}
