/** Finding the project's own files that a file imports. Files are read through a function, so that tests need no disk. */
import { dirname, join, resolve } from 'node:path';
import { concernsFramework } from './analyse';
import type { FindModule } from './interpreter';
import { languageOf, parseSource, type ParsedSource } from './parse';

/** The text of a file; `undefined` if there is none. */
export type ReadText = (path: string) => string | undefined;

const deepestPackage = 6;

/** Finds modules beside the importing file and in the folders above it, each file read and parsed once. */
export const projectModules = (read: ReadText): FindModule => {
  const parsed = new Map<string, ParsedSource | undefined>();
  const parse = (path: string): ParsedSource | undefined => {
    if (parsed.has(path)) return parsed.get(path);
    const text = read(path);
    const language = languageOf(path);
    const file = text === undefined || !language ? undefined : parseSource(path, text, language);
    // What has nothing to do with a framework stays unknown: reading it would cost time and tell nothing.
    const result = file && concernsFramework(file) ? file : undefined;
    parsed.set(path, result);
    return result;
  };
  return (name, from) => {
    for (const candidate of /\.py$|\.ipynb$/i.test(from)
      ? pythonCandidates(name, from)
      : javaScriptCandidates(name, from)) {
      if (candidate === from) continue;
      const file = parse(candidate);
      if (file) return file;
    }
    return undefined;
  };
};

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
