/** Linting files on disk, and writing the fixes back. The thin edge around `lint.ts`. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileTrouble, InputError } from '../protocol/errors';
import type { Severity } from '../protocol/finding';
import { concernsFramework } from './framework';
import { lintSource, type LintFinding } from './lint';
import { readNotebook } from './notebook-source';
import { languageOf } from './language';
import { parseSource } from './parse';
import { projectModules } from './project';
import { rules } from './rules';
import type { Fix } from './rules/rule';
import { applyEdits, editsOverlap, SourceText, type Range, type TextEdit } from './text';
import type { FindModule } from './interpreter';

/** A finding as the command line prints it: the contract of `lint --json`. */
export interface LintRecord {
  file: string;
  rule: string;
  severity: Severity;
  message: string;
  range: Range;
  fixes: FixRecord[];
}

export interface FixRecord {
  title: string;
  safe: boolean;
  remedy?: string;
  edits: { file: string; range: Range; newText: string }[];
}

export interface LintFilesOptions {
  /** Only these rules. */
  only?: readonly string[];
  /** Write fixes into the files: the safe ones, or the first of each finding of the rules named by `only`. */
  fix?: boolean;
  signal?: AbortSignal;
  progress?: (done: number, total: number) => void;
}

export interface LintFilesResult {
  records: LintRecord[];
  files: number;
  /** How many findings were fixed. */
  fixed: number;
  /** What was passed over or left as it is, each with its reason. */
  notes: string[];
}

const skippedFolders = new Set(['node_modules', '__pycache__', 'site-packages', 'venv', 'dist', 'out', 'build']);
/** Longer files are generated or data, not written. */
const longestFile = 1_000_000;
/** A fix may uncover another; more rounds than this would mean that two fixes undo each other. */
const mostRounds = 10;

/**
 * Lints files and folders.
 * @throws InputError if a path does not exist, cannot be read or a rule is not known
 */
export const lintFiles = async (paths: readonly string[], options: LintFilesOptions = {}): Promise<LintFilesResult> => {
  for (const code of options.only ?? [])
    if (!rules.some((rule) => rule.code === code))
      throw new InputError(`${code} is not a rule; the rules are ${rules.map((rule) => rule.code).join(', ')}.`);
  const files = (await Promise.all(paths.map(filesIn))).flat();
  const findModule = projectModules((path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  });
  const result: LintFilesResult = { records: [], files: files.length, fixed: 0, notes: [] };
  for (const [index, path] of files.entries()) {
    options.signal?.throwIfAborted();
    options.progress?.(index, files.length);
    // Lets an interrupt through between files.
    if (index % 20 === 0) await new Promise((next) => setImmediate(next));
    const bytes = await readFile(path).catch((error: unknown) => {
      throw new InputError(`${path}: cannot be read: ${fileTrouble(error)}.`);
    });
    const text = bytes.toString('utf8');
    const unfit = whyUnfit(path, text);
    if (unfit !== undefined) {
      const note = `${path}: ${unfit}`;
      if (paths.includes(path)) throw new InputError(note);
      result.notes.push(note);
      continue;
    }
    let linted = lintText(path, text, options, findModule);
    if (options.fix) {
      const fixed = fixText(path, text, linted, options, findModule);
      if (fixed.text !== text && !Buffer.from(text).equals(bytes))
        result.notes.push(`${path}: not fixed, because it is not UTF-8: store it as UTF-8 first.`);
      else {
        if (fixed.text !== text)
          await writeFile(path, fixed.text).catch((error: unknown) => {
            throw new InputError(`${path}: cannot be written: ${fileTrouble(error)}.`);
          });
        result.fixed += fixed.count;
        linted = fixed.records;
      }
    }
    result.records.push(...linted);
  }
  return result;
};

/** Why a file is not looked at. */
function whyUnfit(path: string, text: string): string | undefined {
  if (path.endsWith('.ipynb'))
    return text.trim() === '' || readNotebook(text) ? undefined : 'not a notebook that can be read: repair its JSON.';
  return text.length > longestFile ? 'passed over: with more than a million characters it is data.' : undefined;
}

const filesIn = async (path: string): Promise<string[]> => {
  const found = await stat(path).catch(() => {
    throw new InputError(`${path} does not exist: give a file or folder with .py, .ts, .js or .ipynb files.`);
  });
  if (!found.isDirectory()) {
    if (!languageOf(path)) throw new InputError(`${path} is not a .py, .ts, .js or .ipynb file.`);
    return [path];
  }
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    throw new InputError(`${path}: cannot be read: ${fileTrouble(error)}.`);
  });
  const nested = await Promise.all(
    entries
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(async (entry): Promise<string[]> => {
        if (entry.name.startsWith('.') || skippedFolders.has(entry.name)) return [];
        const inner = join(path, entry.name);
        if (entry.isDirectory()) return filesIn(inner);
        return entry.isFile() && languageOf(inner) && !inner.endsWith('.d.ts') ? [inner] : [];
      }),
  );
  return nested.flat();
};

/** Lints one text; ranges are those of the text as given, also for notebooks. */
export const lintText = (
  path: string,
  text: string,
  { only }: Pick<LintFilesOptions, 'only'> = {},
  findModule?: FindModule,
): LintRecord[] => {
  const language = languageOf(path);
  if (!language) return [];
  const notebook = path.endsWith('.ipynb') ? readNotebook(text) : undefined;
  if (path.endsWith('.ipynb') && !notebook) return [];
  const source = notebook?.text ?? text;
  if (!concernsFramework({ text: source, language })) return [];
  const file = parseSource(resolve(path), source, language);
  const raw = notebook ? new SourceText(path, text, language) : file.source;
  const rawEdit = (edit: TextEdit): TextEdit => notebook?.rawEdit(edit) ?? edit;
  const fixOf = ({ title, safe, remedy, edits }: Fix): FixRecord => ({
    title,
    safe,
    ...(remedy === undefined ? {} : { remedy }),
    edits: edits.map((edit) => {
      const { from, to, insert } = rawEdit(edit);
      return { file: path, range: raw.range({ from, to }), newText: insert };
    }),
  });
  const recordOf = ({ at, rule, severity, message, fixes }: LintFinding): LintRecord => ({
    file: path,
    rule: rule.code,
    severity,
    message,
    range: raw.range(rawEdit({ from: at.from, to: at.to, insert: '' })),
    fixes: fixes.map(fixOf),
  });
  return lintSource(file, { ...(only ? { only } : {}), ...(findModule ? { findModule } : {}) }).map(recordOf);
};

/** Applies fixes until none is left; those that touch the same text wait for the next round. */
export const fixText = (
  path: string,
  original: string,
  found: readonly LintRecord[],
  options: Pick<LintFilesOptions, 'only'>,
  findModule?: FindModule,
): { text: string; records: LintRecord[]; count: number } => {
  let text = original;
  let records = [...found];
  let count = 0;
  for (let round = 0; round < mostRounds; round++) {
    const source = new SourceText(path, text, 'python');
    const chosen: TextEdit[] = [];
    let fixed = 0;
    for (const { fixes } of records) {
      const fix = options.only ? fixes[0] : fixes.find(({ safe }) => safe);
      if (!fix) continue;
      const edits = fix.edits.map(({ range, newText }) => ({
        from: source.offset(range.start),
        to: source.offset(range.end),
        insert: newText,
      }));
      if (edits.length === 0 || conflicts(edits, chosen)) continue;
      for (const edit of edits)
        if (!chosen.some((other) => other.from === edit.from && other.to === edit.to && other.insert === edit.insert))
          chosen.push(edit);
      fixed++;
    }
    if (chosen.length === 0) break;
    text = applyEdits(text, chosen);
    count += fixed;
    records = lintText(path, text, options, findModule);
  }
  return { text, records, count };
};

/** An import that two fixes add alike is no conflict. */
const conflicts = (edits: readonly TextEdit[], chosen: readonly TextEdit[]): boolean => {
  const others = chosen.filter(
    (other) => !edits.some((edit) => edit.from === other.from && edit.to === other.to && edit.insert === other.insert),
  );
  return editsOverlap(edits, others);
};
