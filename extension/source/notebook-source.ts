/**
 * The Python cells of a Jupyter notebook as one program. Places are mapped back to the notebook's JSON text, so that
 * findings and edits are those of the file as it lies on disk.
 */
import type { Span, TextEdit } from './text';

export interface NotebookSource {
  /** The program: cells one after the other, lines for IPython alone turned into comments of equal length. */
  text: string;
  /** Where a character of the program stands in the JSON text. */
  rawOffset(offset: number): number;
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
  let cells: RawString[][];
  try {
    cells = pythonCells(json);
  } catch {
    return undefined;
  }
  let text = '';
  const offsets: number[] = [];
  for (const strings of cells) {
    const source = strings.map(({ value }) => value).join('');
    const hidden = hideMagics(source);
    text += hidden;
    for (const { offsets: own, value } of strings) offsets.push(...own.slice(0, value.length));
    const end = strings.at(-1)?.offsets.at(-1) ?? offsets.at(-1) ?? 0;
    if (!hidden.endsWith('\n')) {
      text += '\n';
      offsets.push(end);
    }
  }
  const rawOffset = (offset: number): number => offsets[offset] ?? offsets.at(-1) ?? 0;
  /** An edit ends after its last character: that is not always where the next one starts. */
  const rawEnd = ({ from, to }: Span): number =>
    to > from ? Math.max(rawOffset(to - 1) + 1, rawOffset(from)) : rawOffset(to);
  return {
    text,
    rawOffset,
    rawEdit: (edit) => {
      const from = rawOffset(edit.from);
      const last = edit.to > edit.from ? text[edit.to - 1] : undefined;
      // A removed line break is two characters in JSON, with its string's end and the next one's start around it.
      const to =
        last === '\n' && offsets[edit.to] !== undefined
          ? rawOffset(edit.to)
          : last === undefined
            ? from
            : escapeEnd(json, rawEnd(edit) - 1);
      return { from, to, insert: JSON.stringify(edit.insert).slice(1, -1) };
    },
  };
};

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
    return source?.kind === 'array' ? [source.items.filter((item) => item.kind === 'string')] : [];
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
