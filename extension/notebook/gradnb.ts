/** The `.gradnb` file: pretty-printed JSON with sources as lines, so that a change to one line is a diff of one line. */
import { z } from 'zod';
import { InputError } from '../protocol/errors';
import { english } from '../protocol/text';
import { issuesIn, type Issue } from './cell-issues';

const output = z.looseObject({ mime: z.string(), data: z.unknown() });

const cell = z.looseObject({
  kind: z.enum(['markdown', 'experiment']),
  source: z.array(z.string()),
  outputs: z.array(output).optional(),
});

const notebook = z.looseObject({ version: z.literal(1), cells: z.array(cell) });

/** Fields that this version does not know are kept: a newer version may have written them. */
export type Notebook = z.infer<typeof notebook>;
export type NotebookCell = z.infer<typeof cell>;
export type NotebookOutput = z.infer<typeof output>;

export const emptyNotebook = (): Notebook => ({ version: 1, cells: [] });

/**
 * @param name of the file, for messages.
 * @throws InputError that says where the text stops being a notebook. An empty text is a new notebook.
 */
export function parseNotebook(text: string, name: string): Notebook {
  if (text.trim() === '') return emptyNotebook();
  const value = parseJson(text, name);
  const checked = notebook.safeParse(value);
  if (checked.success) return checked.data;
  const [{ path, message }] = issuesIn(checked.error.issues, english) as [Issue];
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version > 1)
    throw new InputError(`${name}: written by a newer Gradient Doctor (version ${version} of the format): update it.`);
  throw new InputError(
    `${name}: not an experiment notebook: ${path.map(String).join('.') || 'the document'}: ${message}`,
  );
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const lines = text.slice(0, placeOf(message, text)).split('\n');
    const place = `line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
    const reason = message
      .replace(/, (\.{3})?".*$/s, '')
      .replace(/ in JSON.*$/, '')
      .replace(/ \(line.*$/, '');
    throw new InputError(`${name}: ${place}: ${reason}. Open the file as text to repair it.`);
  }
}

/** Where the parser stopped: it says the position, or quotes the text around it, or has come to the end. */
function placeOf(message: string, text: string): number {
  const position = /position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return Number(position);
  const [, token, dots, quoted] = /token '(.)', (\.{3})?"(.*)"(?:\.{3})? is not valid JSON/s.exec(message) ?? [];
  if (token === undefined) return text.length;
  // Behind dots stand ten characters, and then what was not expected.
  return text.indexOf(quoted!) + (dots ? 10 : quoted!.indexOf(token));
}

/** The same notebook gives the same text: two spaces, a line break at the end, fields in the order they came in. */
export const serializeNotebook = (value: Notebook): string => `${JSON.stringify(value, undefined, 2)}\n`;

export const sourceOf = ({ source }: NotebookCell): string => source.join('\n');

export const linesOf = (text: string): string[] => text.split(/\r?\n/);
