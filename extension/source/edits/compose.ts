/** Edits made one after the other, as one set of edits of the first text. */
import { applyEdits, type Span, type TextEdit } from '../text';

/** A stretch of the first text that is still there, or text that an edit put in. */
type Piece = { kind: 'kept'; from: number; to: number } | { kind: 'new'; text: string };

const lengthOf = (piece: Piece): number => (piece.kind === 'kept' ? piece.to - piece.from : piece.text.length);

const inOrder = (edits: readonly TextEdit[]): TextEdit[] =>
  edits
    .map((edit, order) => ({ edit, order }))
    .sort((a, b) => a.edit.from - b.edit.from || a.edit.to - b.edit.to || a.order - b.order)
    .map(({ edit }) => edit);

const piecesOf = (length: number, edits: readonly TextEdit[]): Piece[] => {
  const pieces: Piece[] = [];
  let at = 0;
  for (const { from, to, insert } of inOrder(edits)) {
    pieces.push({ kind: 'kept', from: at, to: from }, { kind: 'new', text: insert });
    at = to;
  }
  return [...pieces, { kind: 'kept', from: at, to: length }];
};

/** The part of some pieces between two offsets of the text that they make up. */
const cut = (pieces: readonly Piece[], from: number, to: number): Piece[] => {
  const result: Piece[] = [];
  let at = 0;
  for (const piece of pieces) {
    const start = Math.max(from - at, 0);
    const end = Math.min(to - at, lengthOf(piece));
    if (start < end)
      result.push(
        piece.kind === 'kept'
          ? { kind: 'kept', from: piece.from + start, to: piece.from + end }
          : { kind: 'new', text: piece.text.slice(start, end) },
      );
    at += lengthOf(piece);
  }
  return result;
};

/** The edits of `text` that do what `first` and then `second`, which are edits of the text after `first`, do. */
export const composeEdits = (text: string, first: readonly TextEdit[], second: readonly TextEdit[]): TextEdit[] => {
  const before = piecesOf(text.length, first);
  const between = applyEdits(text, first).length;
  const pieces: Piece[] = [];
  let at = 0;
  for (const { from, to, insert } of inOrder(second)) {
    pieces.push(...cut(before, at, from), { kind: 'new', text: insert });
    at = to;
  }
  pieces.push(...cut(before, at, between));
  const edits: TextEdit[] = [];
  let end = 0;
  let inserted = '';
  for (const piece of [...pieces, { kind: 'kept', from: text.length, to: text.length } as const]) {
    if (piece.kind === 'new') inserted += piece.text;
    else {
      if (inserted !== '' || piece.from > end) edits.push({ from: end, to: piece.from, insert: inserted });
      inserted = '';
      end = piece.to;
    }
  }
  return edits;
};

/** Where a stretch of text stands after edits. What was put in at its very ends is not part of it. */
export const spanAfter = (edits: readonly TextEdit[], { from, to }: Span): Span => {
  let start = from;
  let end = to;
  for (const edit of edits) {
    const growth = edit.insert.length - (edit.to - edit.from);
    const isInsertion = edit.from === edit.to;
    if (edit.to <= from) start += growth;
    else if (edit.from < from) start += edit.from - from;
    if (isInsertion ? edit.from < to : edit.to <= to) end += growth;
    else if (edit.from < to) end += edit.from + edit.insert.length - to;
  }
  return { from: start, to: Math.max(start, end) };
};
