/** Text of a source file, places in it, and edits of it. Offsets are UTF-16 code units, as in the editor. */

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** 0-based line and UTF-16 character. */
export interface Position {
  line: number;
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

/** Replaces a span by text; an insertion has an empty span. */
export interface TextEdit extends Span {
  readonly insert: string;
}

export type Language = 'python' | 'javascript';

/** One file (or the Python cells of one notebook) as text with line numbers. */
export class SourceText {
  private readonly lineStarts: number[];

  constructor(
    readonly path: string,
    readonly text: string,
    readonly language: Language,
  ) {
    this.lineStarts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.lineStarts.push(at + 1);
  }

  get lineCount(): number {
    return this.lineStarts.length;
  }

  /** The line end of the file: what most editors would insert here. */
  get newline(): string {
    return this.text.includes('\r\n') ? '\r\n' : '\n';
  }

  lineOf(offset: number): number {
    let low = 0;
    let high = this.lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  position(offset: number): Position {
    const line = this.lineOf(offset);
    return { line, character: offset - this.lineStarts[line]! };
  }

  range({ from, to }: Span): Range {
    return { start: this.position(from), end: this.position(to) };
  }

  offset({ line, character }: Position): number {
    return Math.min((this.lineStarts[line] ?? this.text.length) + character, this.text.length);
  }

  slice({ from, to }: Span): string {
    return this.text.slice(from, to);
  }

  /** Where the line of an offset starts. */
  lineStart(offset: number): number {
    return this.lineStarts[this.lineOf(offset)]!;
  }

  /** Where the line of an offset ends: before its line break. */
  lineEnd(offset: number): number {
    const next = this.lineStarts[this.lineOf(offset) + 1];
    if (next === undefined) return this.text.length;
    return this.text[next - 2] === '\r' ? next - 2 : next - 1;
  }

  /** Where the line after that of an offset starts, or the end of the text. */
  nextLine(offset: number): number {
    return this.lineStarts[this.lineOf(offset) + 1] ?? this.text.length;
  }

  line(number: number): string {
    const start = this.lineStarts[number] ?? this.text.length;
    return this.text.slice(start, this.lineEnd(start));
  }

  /** The white space at the start of the line of an offset. */
  indentation(offset: number): string {
    return /^[ \t]*/.exec(this.text.slice(this.lineStart(offset)))![0];
  }
}

/** The text after the edits, which may stand in any order but must not overlap; equal insertions are made once. */
export const applyEdits = (text: string, edits: readonly TextEdit[]): string => {
  const ordered = edits
    .map((edit, order) => ({ edit, order }))
    .sort((a, b) => a.edit.from - b.edit.from || a.edit.to - b.edit.to || a.order - b.order);
  let result = '';
  let at = 0;
  for (const { edit } of ordered) {
    if (edit.from < at) throw new Error('edits overlap');
    result += text.slice(at, edit.from) + edit.insert;
    at = edit.to;
  }
  return result + text.slice(at);
};

/** Whether two sets of edits touch the same text, so that they cannot be made together. */
export const editsOverlap = (one: readonly TextEdit[], other: readonly TextEdit[]): boolean =>
  one.some((a) => other.some((b) => (a.from < b.to && b.from < a.to) || (a.from === b.from && a.to === b.to)));
