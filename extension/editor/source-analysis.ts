/** What the editor wants to know of source files. Runs in the thread of `analysis-worker.ts`. */
import { dirname, sep } from 'node:path';
import { disableInFile, disableOnLine } from '../source/comments';
import { composeEdits } from '../source/edits/compose';
import { lintSource, safeFixOf, type LintFinding } from '../source/lint';
import { programOfCells, type CellProgram } from '../source/notebook-source';
import { parseSource, type ParsedSource } from '../source/parse';
import { ProjectModules, type ReadText } from '../source/project';
import { applyEdits, editsOverlap, SourceText, type Span, type TextEdit } from '../source/text';
import type {
  AnalysedDocument,
  AnalysisQuestions,
  HostToAnalysis,
  LintAnswer,
  PartEdit,
  PartRange,
  Question,
  RuleSettings,
  SourceFinding,
} from './analysis-messages';

/** A fix may uncover another; more rounds than this would mean that two fixes undo each other. */
const mostRounds = 10;

/** A document as one program, with its places as places of the document's parts. */
class Program {
  readonly file: ParsedSource;
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

  editOf(edit: TextEdit): PartEdit {
    const { cell: part, from, to, insert } = this.cells?.edit(edit) ?? { cell: 0, ...edit };
    return { part, range: this.parts[part]!.range({ from, to }), newText: insert };
  }
}

type Answers = { [Q in Question]: (given: AnalysisQuestions[Q]['given']) => AnalysisQuestions[Q]['answer'] };

export class SourceAnalysis implements Answers {
  private readonly programs = new Map<string, Program>();
  /** Texts of files as they stand in the editor, by path. */
  private readonly open = new Map<string, string>();
  private folders: readonly string[] = [];
  private looked = new Set<string>();
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
    const findings = this.findingsOf(program.file, rules).map((finding) => describe(program, finding));
    return { findings, dependencies: [...this.looked] };
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

  private programOf(document: AnalysedDocument): Program {
    const earlier = this.programs.get(document.id);
    if (earlier && sameParts(earlier.document, document)) return earlier;
    const program = new Program(document, earlier?.file);
    this.programs.set(document.id, program);
    if (!document.isNotebook) {
      this.open.set(document.path, document.parts[0] ?? '');
      this.modules.forget(document.path);
    }
    return program;
  }

  private findingsOf(file: ParsedSource, rules: RuleSettings): LintFinding[] {
    this.looked = new Set();
    const own = dirname(file.source.path);
    return lintSource(file, {
      severities: rules,
      findModule: this.folders.some((folder) => own === folder || own.startsWith(folder + sep))
        ? this.modules.find
        : () => undefined,
    });
  }
}

const sameParts = (a: AnalysedDocument, b: AnalysedDocument): boolean =>
  a.path === b.path && a.parts.length === b.parts.length && a.parts.every((part, index) => part === b.parts[index]);

function describe(program: Program, finding: LintFinding): SourceFinding {
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
      edits: edits.map((edit) => program.editOf(edit)),
    })),
    ...(disableLine && { disableLine: program.editOf(disableLine) }),
    disableFile: program.editOf(disableInFile(program.file, rule.code)),
  };
}
