/**
 * The Python cells of a Jupyter notebook as one program, and places in it as places in its cells, or in the JSON text
 * of the notebook, so that findings and edits are those of the file as it lies on disk.
 */
import type { Span, TextEdit } from './text';

/** A span of one cell's text. */
export interface CellSpan extends Span {
  /** Index of the cell among the cells of the program. */
  cell: number;
}

export interface CellEdit extends CellSpan {
  insert: string;
}

/** Cells one after the other, with an empty line between them, lines for IPython alone turned into comments. */
export interface CellProgram {
  text: string;
  /** Where a cell starts. */
  start(cell: number): number;
  /** The part of a span that is in the cell where it starts. */
  span(span: Span): CellSpan;
  /** An edit of the program as an edit of one cell. */
  edit(edit: TextEdit): CellEdit;
}

/** @param cells their texts, with `\n` as line break. */
export const programOfCells = (cells: readonly string[]): CellProgram => {
  const starts: number[] = [];
  let text = '';
  for (const cell of cells) {
    starts.push(text.length);
    text += hideMagics(cell);
    if (cell !== '' && !cell.endsWith('\n')) text += '\n';
    // What is inserted after the last line of a cell thereby has another place than what is inserted before the next.
    text += '\n';
  }
  const cellAt = (offset: number): number =>
    Math.max(
      0,
      starts.findLastIndex((start) => start <= offset),
    );
  const span = ({ from, to }: Span): CellSpan => {
    const cell = cellAt(from);
    const within = (offset: number): number => Math.min(Math.max(offset - starts[cell]!, 0), cells[cell]?.length ?? 0);
    return { cell, from: within(from), to: within(to) };
  };
  return {
    text,
    start: (cell) => starts[cell] ?? text.length,
    span,
    edit: (edit) => {
      const place = span(edit);
      const cell = cells[place.cell] ?? '';
      const isAfterTheEnd = edit.from - starts[place.cell]! > cell.length;
      // The last line of a cell has no line break of its own.
      const insert = isAfterTheEnd && cell !== '' ? `\n${edit.insert.replace(/\n$/, '')}` : edit.insert;
      return { ...place, insert };
    },
  };
};

export interface NotebookSource {
  /** The program of the notebook's cells. */
  text: string;
  /** An edit of the program as an edit of the JSON text. */
  rawEdit(edit: TextEdit): TextEdit;
}

interface RawString {
  value: string;
  /** Offset in the JSON text of every character of `value`, and of the closing quote. */
  offsets: number[];
}

/** @returns `undefined` if the text is not a notebook with Python cells. */
export const readNotebook = (json: string): NotebookSource | undefined => {
  let cells: RawString[];
  try {
    cells = pythonCells(json).map(joined);
  } catch {
    return undefined;
  }
  const program = programOfCells(cells.map(({ value }) => value));
  return {
    text: program.text,
    rawEdit: (edit) => {
      const { cell, from, to, insert } = program.edit(edit);
      const { value, offsets } = cells[cell] ?? { value: '', offsets: [] };
      const start = offsets[from] ?? 0;
      // What is removed up to a string's end stays within that string; a removed line leads into the next one.
      const end = to === from ? start : value[to - 1] === '\n' ? offsets[to]! : escapeEnd(json, offsets[to - 1]!);
      return { from: start, to: end, insert: JSON.stringify(insert).slice(1, -1) };
    },
  };
};

/** The strings of a cell as one; its end is the closing quote of the last. */
const joined = (strings: readonly RawString[]): RawString => ({
  value: strings.map(({ value }) => value).join(''),
  offsets: [
    ...strings.flatMap(({ value, offsets }) => offsets.slice(0, value.length)),
    strings.at(-1)!.offsets.at(-1)!,
  ],
});

/** After an escape such as `\n` or `\u00e9`, of which only the start is known. */
const escapeEnd = (json: string, at: number): number => {
  if (json[at] !== '\\') return at + 1;
  return at + (json[at + 1] === 'u' ? 6 : 2);
};

const hideMagics = (source: string): string => {
  const other = /^\s*%%(?!time\b|timeit\b|capture\b)/.test(source);
  return source.replace(other ? /^(?=.)./gm : /^([ \t]*)[%!](?=\S)/gm, (found) =>
    other ? '#' : found.slice(0, -1) + '#',
  );
};

/** The source strings of every code cell, with their places. */
const pythonCells = (json: string): RawString[][] => {
  const notebook = new JsonReader(json).read();
  const language = member(member(member(notebook, 'metadata'), 'kernelspec'), 'language');
  if (language?.kind === 'string' && language.value !== 'python') return [];
  const cells = member(notebook, 'cells');
  if (cells?.kind !== 'array') throw new Error('not a notebook');
  return cells.items.flatMap((cell) => {
    const type = member(cell, 'cell_type');
    if (type?.kind !== 'string' || type.value !== 'code') return [];
    const source = member(cell, 'source');
    if (source?.kind === 'string') return [[source]];
    const lines = source?.kind === 'array' ? source.items.filter((item) => item.kind === 'string') : [];
    return lines.length > 0 ? [lines] : [];
  });
};

type Json =
  | ({ kind: 'string' } & RawString)
  | { kind: 'array'; items: Json[] }
  | { kind: 'object'; members: Map<string, Json> }
  | { kind: 'other' };

const member = (value: Json | undefined, name: string): Json | undefined =>
  value?.kind === 'object' ? value.members.get(name) : undefined;

/** Reads JSON and keeps where the characters of its strings stand, which JSON.parse does not tell. */
class JsonReader {
  private at = 0;

  constructor(private readonly text: string) {}

  read(): Json {
    const value = this.value();
    this.blank();
    if (this.at < this.text.length) throw new Error('trailing text');
    return value;
  }

  private blank(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at++;
  }

  private take(character: string): boolean {
    this.blank();
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private value(): Json {
    this.blank();
    const start = this.text[this.at];
    if (start === '"') return { kind: 'string', ...this.string() };
    if (start === '[') return { kind: 'array', items: this.items() };
    if (start === '{') return { kind: 'object', members: this.members() };
    const word = /[-+.\w]+/y;
    word.lastIndex = this.at;
    const match = word.exec(this.text);
    if (!match) throw new Error('not JSON');
    this.at += match[0].length;
    return { kind: 'other' };
  }

  private items(): Json[] {
    const items: Json[] = [];
    this.take('[');
    if (this.take(']')) return items;
    do items.push(this.value());
    while (this.take(','));
    if (!this.take(']')) throw new Error('not JSON');
    return items;
  }

  private members(): Map<string, Json> {
    const members = new Map<string, Json>();
    this.take('{');
    if (this.take('}')) return members;
    do {
      this.blank();
      const { value: name } = this.string();
      if (!this.take(':')) throw new Error('not JSON');
      members.set(name, this.value());
    } while (this.take(','));
    if (!this.take('}')) throw new Error('not JSON');
    return members;
  }

  private string(): RawString {
    if (!this.take('"')) throw new Error('not JSON');
    let value = '';
    const offsets: number[] = [];
    for (;;) {
      const character = this.text[this.at];
      if (character === undefined) throw new Error('not JSON');
      offsets.push(this.at);
      if (character === '"') break;
      const end = character === '\\' ? escapeEnd(this.text, this.at) : this.at + 1;
      value += character === '\\' ? (JSON.parse(`"${this.text.slice(this.at, end)}"`) as string) : character;
      this.at = end;
    }
    this.at++;
    return { value, offsets };
  }
}
