/** What the editor asks the thread that reads source files, and its answers. */
import type { Severity } from '../protocol/finding';
import type { Language, Range } from '../source/text';

/** A file, or the Python cells of a notebook, as it stands in the editor. */
export interface AnalysedDocument {
  /** Tells documents apart. */
  id: string;
  /** Where it lies on disk, or would: what its imports are relative to. */
  path: string;
  language: Language;
  isNotebook: boolean;
  /** The text of a file; the texts of a notebook's Python cells. */
  parts: readonly string[];
}

/** A range in one of the parts of a document. */
export interface PartRange {
  part: number;
  range: Range;
}

export interface PartEdit extends PartRange {
  newText: string;
}

export interface SourceFix {
  /** What will change, in the imperative. */
  title: string;
  /** Changes neither the network nor what the loop is meant to do. */
  safe: boolean;
  changesNetwork: boolean;
  /** Id of the remedy that it carries out. */
  remedy?: string;
  edits: readonly PartEdit[];
}

export interface SourceFinding extends PartRange {
  rule: string;
  name: string;
  severity: Severity;
  message: string;
  fixes: readonly SourceFix[];
  /** Comments that switch the rule off; none where no comment can stand. */
  disableLine?: PartEdit;
  disableFile: PartEdit;
}

export interface LintAnswer {
  findings: readonly SourceFinding[];
  /** Files that the findings depend on, whether or not they exist. */
  dependencies: readonly string[];
}

/** Severities by rule; what is not named keeps its own. */
export type RuleSettings = Readonly<Record<string, Severity | 'off'>>;

/** What can be asked, by name: what is given, and what comes back. */
export interface AnalysisQuestions {
  /** Findings of a document, which is kept for what is asked about it next. */
  lint: { given: { document: AnalysedDocument; rules: RuleSettings }; answer: LintAnswer };
  /** Every fix that is safe on save, in one part, as one set of edits. */
  fixAll: { given: { document: AnalysedDocument; rules: RuleSettings; part: number }; answer: readonly PartEdit[] };
}
export type Question = keyof AnalysisQuestions;

export type HostToAnalysis =
  | { [Q in Question]: { type: Q; ticket: number; given: AnalysisQuestions[Q]['given'] } }[Question]
  /** The document is closed: its file is what lies on disk. */
  | { type: 'close'; id: string; path: string }
  /** A file on disk came, went or changed. */
  | { type: 'changed'; path: string }
  /** Folders whose files may be read besides the documents given. */
  | { type: 'folders'; folders: readonly string[] };

export type AnalysisToHost = { ticket: number } & ({ answer: unknown } | { error: string });
