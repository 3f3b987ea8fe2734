/** Finding the project's own files that a file imports. Files are read through a function, so that tests need no disk. */
import { dirname, join, resolve } from 'node:path';
import { concernsFramework } from './framework';
import type { FindModule } from './interpreter';
import { languageOf } from './language';
import { parseSource, type ParsedSource } from './parse';

/** The text of a file; `undefined` if there is none. */
export type ReadText = (path: string) => string | undefined;

const deepestPackage = 6;

export interface ProjectOptions {
  /** Whether a file may be looked at: those outside a workspace may not. */
  within?: (path: string) => boolean;
  /** Told of every path that is looked at, whether or not there is a file. */
  onLook?: (path: string) => void;
}

/** Finds modules beside the importing file and in the folders above it, each file read and parsed once. */
export class ProjectModules {
  private readonly parsed = new Map<string, ParsedSource | undefined>();

  constructor(
    private readonly read: ReadText,
    private readonly options: ProjectOptions = {},
  ) {}

  readonly find: FindModule = (name, from) => {
    for (const candidate of /\.py$|\.ipynb$/i.test(from)
      ? pythonCandidates(name, from)
      : javaScriptCandidates(name, from)) {
      if (candidate === from || this.options.within?.(candidate) === false) continue;
      this.options.onLook?.(candidate);
      const file = this.parse(candidate);
      if (file) return file;
    }
    return undefined;
  };

  /** Reads a file anew when it is looked for next. */
  forget(path: string): void {
    this.parsed.delete(path);
  }

  private parse(path: string): ParsedSource | undefined {
    if (this.parsed.has(path)) return this.parsed.get(path);
    const text = this.read(path);
    const language = languageOf(path);
    // What has nothing to do with a framework stays unknown: reading it would cost time and tell nothing.
    const file =
      text !== undefined && language && concernsFramework({ text, language })
        ? parseSource(path, text, language)
        : undefined;
    this.parsed.set(path, file);
    return file;
  }
}

export const projectModules = (read: ReadText): FindModule => new ProjectModules(read).find;

function* pythonCandidates(name: string, from: string): Generator<string> {
  const dots = /^\.*/.exec(name)![0].length;
  const parts = name.slice(dots).split('.').filter(Boolean);
  let folder = dirname(from);
  if (dots > 0) {
    for (let up = 1; up < dots; up++) folder = dirname(folder);
    yield* pythonFiles(join(folder, ...parts));
    return;
  }
  for (let up = 0; up < deepestPackage; up++) {
    yield* pythonFiles(join(folder, ...parts));
    const parent = dirname(folder);
    if (parent === folder) break;
    folder = parent;
  }
}

function* pythonFiles(path: string): Generator<string> {
  yield `${path}.py`;
  yield join(path, '__init__.py');
}

function* javaScriptCandidates(name: string, from: string): Generator<string> {
  if (!name.startsWith('.')) return;
  const path = resolve(dirname(from), name);
  yield path;
  const stem = path.replace(/\.[mc]?js$/, '');
  for (const extension of ['.ts', '.mts', '.js', '.mjs']) yield stem + extension;
  for (const extension of ['.ts', '.js']) yield join(path, `index${extension}`);
}
