/** A program whose source is to be changed, and the change that is being made of it. */
import type { Framework } from '../../source/analyse';
import { analyse, frameworkOf } from '../../source/analyse';
import { addHelper } from '../../source/edits/javascript-helpers';
import { addPythonHelper } from '../../source/edits/python-helpers';
import { referTo } from '../../source/edits/references';
import { Flow } from '../../source/flow';
import type { FindModule } from '../../source/interpreter';
import type { ParsedSource } from '../../source/parse';
import type { Span, TextEdit } from '../../source/text';
import type { Trace } from '../../source/trace';
import type { Op, Site } from '../../source/values';

/** A file that has been followed. */
export interface Program {
  readonly file: ParsedSource;
  readonly trace: Trace;
  /** Finds files of the project that it imports, as given to `analyse`. */
  readonly findModule?: FindModule;
}

export const programOf = (file: ParsedSource, findModule?: FindModule): Program => ({
  file,
  trace: analyse(file, findModule),
  ...(findModule && { findModule }),
});

/** The edits of one file. */
export interface FileEdits {
  readonly file: ParsedSource;
  readonly edits: readonly TextEdit[];
}

export const covers = (outer: Site, inner: Site): boolean =>
  outer.file.source.path === inner.file.source.path && outer.from <= inner.from && inner.to <= outer.to;

export const sameSite = (a: Site, b: Site): boolean => a.file === b.file && a.from === b.from && a.to === b.to;

/** Lines of code that an edit brings along, by the language's name for what they define. */
export interface Helper {
  name: string;
  lines: readonly string[];
}

/** What a remedy's editor sees of a program, and writes its edits into. */
export class Code {
  readonly file: ParsedSource;
  readonly trace: Trace;
  readonly framework: Framework;
  readonly flow: Flow;
  private readonly edits = new Map<ParsedSource, { imports: TextEdit[]; helpers: TextEdit[]; others: TextEdit[] }>();

  private readonly done = new Set<string>();

  /** @param sites what of the program the remedy is for; all of it where absent. */
  constructor(
    program: Program,
    private sites: readonly Site[] | undefined,
  ) {
    this.file = program.file;
    this.trace = program.trace;
    this.framework = frameworkOf(program.file);
    this.flow = new Flow(program.trace.ops);
  }

  includes(site: Site): boolean {
    return !this.sites || this.sites.some((each) => covers(each, site));
  }

  /** Whether an op, or the layer that computes it, is to be changed. */
  includesOp(op: Op): boolean {
    return this.includes(op.site) || (op.layer !== undefined && this.includes(op.layer.site));
  }

  /** Makes edits of the whole program, as far as a remedy has to. */
  everywhere(edit: () => void): void {
    const { sites } = this;
    this.sites = undefined;
    edit();
    this.sites = sites;
  }

  edit(file: ParsedSource, ...edits: readonly TextEdit[]): void {
    this.editsOf(file).others.push(...edits);
  }

  private editsOf(file: ParsedSource): { imports: TextEdit[]; helpers: TextEdit[]; others: TextEdit[] } {
    let edits = this.edits.get(file);
    if (!edits) this.edits.set(file, (edits = { imports: [], helpers: [], others: [] }));
    return edits;
  }

  replace(site: Site, text: string): void {
    if (site.file.source.slice(site) === text) return;
    this.edit(site.file, { from: site.from, to: site.to, insert: text });
  }

  wrap(site: Site, before: string, after: string): void {
    const { file, from, to } = site;
    this.edit(file, { from, to: from, insert: before }, { from: to, to, insert: after });
  }

  /** How a file writes `torch.nn.init.kaiming_normal_`; what it must import for that is added once. */
  refer(file: ParsedSource, path: string): string {
    const { edits, text } = referTo(file, path);
    this.once(this.editsOf(file).imports, edits);
    return text;
  }

  /** Adds a function or class after the imports, unless the file has it. */
  help(file: ParsedSource, { name, lines }: Helper): void {
    const edits = file.source.language === 'python' ? addPythonHelper(file, name, lines) : addHelper(file, name, lines);
    this.once(this.editsOf(file).helpers, edits);
  }

  /** Takes edits that other code made, of which imports may have been made already. */
  take(file: ParsedSource, edits: readonly TextEdit[]): void {
    const isImport = ({ from, to, insert }: TextEdit): boolean => from === to && /^(import|from) /.test(insert.trim());
    this.once(this.editsOf(file).imports, edits.filter(isImport));
    this.edit(file, ...edits.filter((edit) => !isImport(edit)));
  }

  /** Whether something is asked for the first time, for what is to be done once. */
  first(key: string): boolean {
    const isFirst = !this.done.has(key);
    this.done.add(key);
    return isFirst;
  }

  private once(list: TextEdit[], edits: readonly TextEdit[]): void {
    for (const edit of edits)
      if (!list.some(({ from, insert }) => from === edit.from && insert === edit.insert)) list.push(edit);
  }

  get changes(): FileEdits[] {
    return [...this.edits].flatMap(([file, { imports, helpers, others }]) => {
      const edits = [...imports, ...helpers, ...others];
      return edits.length > 0 ? [{ file, edits }] : [];
    });
  }
}

/** The lines that a span touches, as one site. */
export const linesAround = (file: ParsedSource, { from, to }: Span): Site => ({
  file,
  from: file.source.lineStart(from),
  to: file.source.lineEnd(Math.max(from, to)),
});

export const groupBy = <T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> => {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
};
