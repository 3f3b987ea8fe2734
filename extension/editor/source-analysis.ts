/** What the editor wants to know of source files. Runs in the thread of `analysis-worker.ts`. */
import { dirname, sep } from 'node:path';
import { findRemedy } from '../remedies';
import { DoesNotFit } from '../remedies/remedy';
import { possibleRemedies, programOf, type SourceEdit } from '../remedies/source-edits';
import { sitesOfLayers } from '../remedies/source-edits/module-paths';
import { editOfTrial } from '../remedies/source-edits/prescription-edits';
import { analyse } from '../source/analyse';
import { disableInFile, disableOnLine } from '../source/comments';
import { composeEdits } from '../source/edits/compose';
import { concernsFramework } from '../source/framework';
import type { FindModule } from '../source/interpreter';
import { lintSource, lintTrace, safeFixOf, type LintFinding } from '../source/lint';
import { programOfCells, type CellProgram } from '../source/notebook-source';
import { parseSource, type ParsedSource } from '../source/parse';
import { ProjectModules, type ReadText } from '../source/project';
import { argumentsAsText } from '../source/python-literals';
import { placeOf } from '../source/syntax';
import { applyEdits, editsOverlap, SourceText, type Span, type TextEdit } from '../source/text';
import type { Trace } from '../source/trace';
import type { ClassValue } from '../source/values';
import type {
  AnalysedDocument,
  AnalysisQuestions,
  HostToAnalysis,
  LintAnswer,
  ModuleClass,
  PartEdit,
  PartRange,
  Question,
  RefusedEdit,
  RemedyEdit,
  RuleSettings,
  SourceFinding,
} from './analysis-messages';

/** A fix may uncover another; more rounds than this would mean that two fixes undo each other. */
const mostRounds = 10;

interface Followed {
  trace: Trace;
  /** The paths that were looked at for it. */
  dependencies: readonly string[];
  /** Of the files around it. */
  state: number;
}

/** A document as one program, with its places as places of the document's parts. */
class EditedProgram {
  readonly file: ParsedSource;
  /** What it does, as long as nothing else has changed since: findings, lenses and layers are read from the same. */
  followed?: Followed;
  private readonly cells: CellProgram | undefined;
  private readonly parts: readonly SourceText[];

  constructor(
    readonly document: AnalysedDocument,
    earlier?: ParsedSource,
  ) {
    const { path, parts, language, isNotebook } = document;
    this.cells = isNotebook ? programOfCells(parts) : undefined;
    this.file = parseSource(path, this.cells?.text ?? parts[0] ?? '', language, earlier);
    this.parts = this.cells ? parts.map((text) => new SourceText(path, text, language)) : [this.file.source];
  }

  rangeOf(span: Span): PartRange {
    const { cell: part, from, to } = this.cells?.span(span) ?? { cell: 0, ...span };
    return { part, range: this.parts[part]!.range({ from, to }) };
  }

  /** Where a range of a part is in the program. */
  spanOf({ part, range }: PartRange): Span {
    const text = this.parts[part]!;
    const start = this.cells?.start(part) ?? 0;
    return { from: start + text.offset(range.start), to: start + text.offset(range.end) };
  }

  /** The statement on a line of a file; of one that goes on below, its first line. */
  statementOn(line: number): PartRange | undefined {
    const { source, root } = this.file;
    const text = source.line(line);
    if (text.trim() === '') return undefined;
    const from = source.offset({ line, character: /\S/.exec(text)!.index });
    const statement = placeOf(root, from)?.statement;
    return this.rangeOf({ from, to: Math.min(statement?.to ?? Infinity, source.lineEnd(from)) });
  }

  editOf(edit: TextEdit): PartEdit {
    const { cell: part, from, to, insert } = this.cells?.edit(edit) ?? { cell: 0, ...edit };
    return { part, range: this.parts[part]!.range({ from, to }), newText: insert };
  }
}

type Answer<Q extends Question> = AnalysisQuestions[Q]['answer'];
type Answers = { [Q in Question]: (given: AnalysisQuestions[Q]['given']) => Answer<Q> };

export class SourceAnalysis implements Answers {
  private readonly programs = new Map<string, EditedProgram>();
  /** Texts of files as they stand in the editor, by path. */
  private readonly open = new Map<string, string>();
  private folders: readonly string[] = [];
  private looked = new Set<string>();
  /** Counts up whenever a file, as others see it, may have changed. */
  private state = 0;
  private readonly modules: ProjectModules;

  /** @param readDisk the text of a file on disk. */
  constructor(readDisk: ReadText) {
    this.modules = new ProjectModules((path) => this.open.get(path) ?? readDisk(path), {
      within: (path) => this.folders.some((folder) => path.startsWith(folder + sep)),
      onLook: (path) => {
        this.looked.add(path);
      },
    });
  }

  tell(message: Exclude<HostToAnalysis, { ticket: number }>): void {
    this.state++;
    switch (message.type) {
      case 'close':
        this.open.delete(message.path);
        this.modules.forget(message.path);
        this.programs.delete(message.id);
        break;
      case 'changed':
        this.modules.forget(message.path);
        break;
      case 'folders':
        this.folders = message.folders;
    }
  }

  lint({ document, rules }: { document: AnalysedDocument; rules: RuleSettings }): LintAnswer {
    const program = this.programOf(document);
    const { file } = program;
    if (!concernsFramework(file.source)) return { findings: [], dependencies: [] };
    const { trace, dependencies } = this.follow(program);
    const findings = lintTrace(file, trace, { severities: rules }).map((finding) => describe(program, finding));
    return { findings, dependencies };
  }

  fixAll({ document, rules, part }: { document: AnalysedDocument; rules: RuleSettings; part: number }): PartEdit[] {
    const program = this.programOf(document);
    const { text } = program.file.source;
    let all: TextEdit[] = [];
    let file = program.file;
    for (let round = 0; round < mostRounds; round++) {
      const chosen: TextEdit[] = [];
      for (const finding of this.findingsOf(file, rules)) {
        const edits = safeFixOf(finding)?.edits ?? [];
        if (edits.length > 0 && !editsOverlap(edits, chosen)) chosen.push(...edits);
      }
      if (chosen.length === 0) break;
      all = composeEdits(text, all, chosen);
      file = parseSource(document.path, applyEdits(text, all), document.language, file);
    }
    return all.map((edit) => program.editOf(edit)).filter((edit) => edit.part === part);
  }

  remedies({ document, at }: AnalysisQuestions['remedies']['given']): Answer<'remedies'> {
    const program = this.programOf(document);
    const possible = possibleRemedies(programOf(program.file, this.finderFor(program.file)), program.spanOf(at));
    return possible.map((edit) => ({ remedy: edit.id, isPart: edit.isPart, ...describeEdit(program, edit) }));
  }

  edit({ document, trial }: AnalysisQuestions['edit']['given']): Answer<'edit'> {
    const program = this.programOf(document);
    const edit = orRefusal(() =>
      editOfTrial(programOf(program.file, this.finderFor(program.file)), trial, trial.layers),
    );
    return 'refused' in edit ? edit : describeEdit(program, edit);
  }

  refusals({ document, trials }: AnalysisQuestions['refusals']['given']): Answer<'refusals'> {
    const { file } = this.programOf(document);
    const program = programOf(file, this.finderFor(file));
    return trials.map((trial) => {
      const edit = orRefusal(() => editOfTrial(program, trial, trial.layers));
      return 'refused' in edit ? edit.refused : undefined;
    });
  }

  layers({ document, layers }: AnalysisQuestions['layers']['given']): Answer<'layers'> {
    const program = this.programOf(document);
    const { file } = program;
    const sites = sitesOfLayers(
      this.follow(program).trace,
      layers.map(({ name }) => name),
    );
    const onLine = (line: number | undefined) => (line === undefined ? undefined : program.statementOn(line));
    return layers.map(({ name, created, called }) => {
      const site = sites.get(name);
      const made = (site?.file === file ? program.rangeOf(site) : undefined) ?? onLine(created);
      const use = onLine(called);
      return { name, ...(made && { created: made }), ...(use && { called: use }) };
    });
  }

  outline({ document }: AnalysisQuestions['outline']['given']): Answer<'outline'> {
    const program = this.programOf(document);
    const { file } = program;
    const { trace } = this.follow(program);
    const loops = trace.events
      .filter(({ kind }) => kind === 'optimizer-step' || kind === 'backward')
      .flatMap(({ loops: around }) => around.find(({ site }) => site.file === file)?.site ?? []);
    const modules = trace.classes.filter(
      ({ node, scope, members }) =>
        scope.file === file &&
        scope.kind === 'module' &&
        members.has('forward') &&
        trace.instances.some(({ class: made, base }) => made.node === node && /\.(Lightning)?Module$/.test(base ?? '')),
    );
    const headOf = ({ from }: Span): PartRange => program.rangeOf({ from, to: file.source.lineEnd(from) });
    return {
      loops: [...new Set(loops.map(({ from }) => from))].map((from) => headOf({ from, to: from })),
      modules: modules.map((module) => ({ ...describeClass(module, trace), ...headOf(module.node) })),
    };
  }

  private programOf(document: AnalysedDocument): EditedProgram {
    const earlier = this.programs.get(document.id);
    if (earlier && sameParts(earlier.document, document)) return earlier;
    const program = new EditedProgram(document, earlier?.file);
    this.programs.set(document.id, program);
    if (!document.isNotebook) {
      this.state++;
      this.open.set(document.path, document.parts[0] ?? '');
      this.modules.forget(document.path);
    }
    return program;
  }

  private findingsOf(file: ParsedSource, rules: RuleSettings): LintFinding[] {
    return lintSource(file, { severities: rules, findModule: this.finderFor(file) });
  }

  private follow(program: EditedProgram): Followed {
    if (program.followed?.state !== this.state) {
      this.looked = new Set();
      const trace = analyse(program.file, this.finderFor(program.file));
      program.followed = { trace, dependencies: [...this.looked], state: this.state };
    }
    return program.followed;
  }

  /** A file outside the workspace is read alone. */
  private finderFor({ source }: ParsedSource): FindModule {
    const own = dirname(source.path);
    const isInside = this.folders.some((folder) => own === folder || own.startsWith(folder + sep));
    return isInside ? this.modules.find : () => undefined;
  }
}

const orRefusal = <T extends object>(edit: () => T): T | RefusedEdit => {
  try {
    return edit();
  } catch (error) {
    if (error instanceof DoesNotFit) return { refused: error.message };
    throw error;
  }
};

const sameParts = (a: AnalysedDocument, b: AnalysedDocument): boolean =>
  a.path === b.path && a.parts.length === b.parts.length && a.parts.every((part, index) => part === b.parts[index]);

function describeEdit(program: EditedProgram, { title, changesNetwork, edits }: SourceEdit): RemedyEdit {
  const own = edits.filter(({ file }) => file === program.file).flatMap((each) => each.edits);
  const others = edits.filter(({ file }) => file !== program.file);
  return {
    title,
    changesNetwork,
    edits: own.map((edit) => program.editOf(edit)),
    others: others.flatMap(({ file: { source }, edits: each }) =>
      each.map((edit) => ({ path: source.path, range: source.range(edit), newText: edit.insert })),
    ),
  };
}

function describeClass({ node, scope, members }: ClassValue, { instances }: Trace): ModuleClass {
  const constructor = members.get('__init__');
  const [self, ...rest] = constructor?.kind === 'function' ? constructor.node.parameters : [];
  const last = rest.at(-1);
  const written = self && last && { from: self.to, to: (last.default ?? last.annotation ?? last).to };
  const made = instances.find((instance) => instance.class.node === node && !instance.assumed);
  const stated = made && argumentsAsText(made.call);
  return {
    name: node.name,
    parameters: written
      ? scope.file.source
          .slice(written)
          .replace(/^\s*,\s*/, '')
          .replace(/\s+/g, ' ')
      : '',
    ...(stated === undefined ? {} : { arguments: stated }),
  };
}

function describe(program: EditedProgram, finding: LintFinding): SourceFinding {
  const { rule, severity, message, at, fixes } = finding;
  const disableLine = disableOnLine(program.file, rule.code, at.from);
  return {
    ...program.rangeOf(at),
    rule: rule.code,
    name: rule.name,
    severity,
    message,
    fixes: fixes.map(({ title, safe, changesNetwork, remedy, edits }) => ({
      title,
      safe,
      changesNetwork: changesNetwork === true,
      ...(remedy === undefined ? {} : { remedy }),
      isPart: remedy !== undefined && findRemedy(remedy)?.tier === 'architecture',
      edits: edits.map((edit) => program.editOf(edit)),
    })),
    ...(disableLine && { disableLine: program.editOf(disableLine) }),
    disableFile: program.editOf(disableInFile(program.file, rule.code)),
  };
}
