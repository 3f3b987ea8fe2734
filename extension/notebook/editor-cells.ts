/** A notebook file as the cells of an editor, and back, without losing what neither knows. */
import { linesOf, sourceOf, type Notebook, type NotebookCell, type NotebookOutput } from './gradnb';
import { errorMime } from './output-items';
import { outputMime } from '../protocol/notebook-output';

export interface EditorItem {
  mime: string;
  data: Uint8Array;
}

export interface EditorOutput {
  items: readonly EditorItem[];
  metadata?: Readonly<Record<string, unknown>>;
}

export interface EditorCell {
  kind: NotebookCell['kind'];
  text: string;
  outputs: readonly EditorOutput[];
  metadata?: Readonly<Record<string, unknown>>;
}

export interface EditorNotebook {
  cells: readonly EditorCell[];
  metadata?: Readonly<Record<string, unknown>>;
}

/**
 * Where metadata keep what the file holds besides: the object without what the editor holds, as text, since VS Code puts
 * the fields of metadata into an order of its own.
 */
const kept = 'gradnb';

export function toEditor(notebook: Notebook): EditorNotebook {
  return {
    metadata: keep({ ...notebook, cells: [] }),
    cells: notebook.cells.map((cell) => ({
      kind: cell.kind,
      text: sourceOf(cell),
      outputs: grouped(cell.outputs ?? []).map(editorOutput),
      metadata: keep({
        ...cell,
        source: sourceOf(cell) === '' ? cell.source : [],
        ...(cell.outputs && { outputs: [] }),
      }),
    })),
  };
}

export function fromEditor({ cells, metadata }: EditorNotebook): Notebook {
  return {
    ...(keptIn(metadata) as object | undefined),
    version: 1,
    cells: cells.map(({ kind, text, outputs, metadata: ofCell }): NotebookCell => {
      const before = (keptIn(ofCell) ?? {}) as Partial<NotebookCell>;
      const { source, outputs: listed } = before;
      const written = outputs.flatMap(fileItems);
      return {
        ...before,
        kind,
        source: text === '' && source?.join('') === '' ? source : linesOf(text),
        ...(written.length > 0 || listed ? { outputs: written } : {}),
      };
    }),
  };
}

const keep = (object: object): Record<string, unknown> => ({ [kept]: JSON.stringify(object) });

const keptIn = (metadata: EditorCell['metadata']): unknown => {
  const text = metadata?.[kept];
  return typeof text === 'string' ? JSON.parse(text) : undefined;
};

/** A result or an error begins an output; what follows are other forms of it, each kind once. */
function grouped(items: readonly NotebookOutput[]): NotebookOutput[][] {
  const groups: NotebookOutput[][] = [];
  for (const item of items) {
    const group = groups.at(-1);
    const begins = item.mime === outputMime || item.mime === errorMime;
    if (!group || begins || group.some(({ mime }) => mime === item.mime)) groups.push([item]);
    else group.push(item);
  }
  return groups;
}

/** VS Code takes nothing that is not the name of a type. */
const editorMime = (mime: string, place: number): string =>
  /^[\w.+-]+\/[\w.+-]+$/.test(mime) ? mime : `application/x.unknown-${place}`;

const isJson = (mime: string): boolean => /[+/]json$|^application\/vnd\.code\.notebook\.error$/.test(mime);

function editorOutput(items: readonly NotebookOutput[]): EditorOutput {
  return {
    items: items.map(({ mime, data }, place) => ({
      mime: editorMime(mime, place),
      data: new TextEncoder().encode(isText(mime, data) ? (data as string) : JSON.stringify(data ?? null)),
    })),
    metadata: keep(items.map((item) => ({ ...item, data: isText(item.mime, item.data) ? 'text' : 'json' }))),
  };
}

const isText = (mime: string, data: unknown): boolean => typeof data === 'string' && !isJson(mime);

function fileItems({ items, metadata }: EditorOutput): NotebookOutput[] {
  const before = (keptIn(metadata) ?? []) as NotebookOutput[];
  return items.map(({ mime, data }) => {
    const template = before.find((one, place) => editorMime(one.mime, place) === mime);
    const text = new TextDecoder().decode(data);
    return {
      ...template,
      mime: template?.mime ?? mime,
      data: (template ? template.data === 'json' : isJson(mime)) ? parsed(text) : text,
    };
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
