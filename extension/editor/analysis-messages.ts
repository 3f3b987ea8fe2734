/** What the editor asks the thread that reads source files, and its answers. */
import type { Severity } from '../protocol/finding';
import type { Trial } from '../protocol/prescription';
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
  /** Whether the remedy, tried on the whole network, would change more of it than this may. */
  isPart: boolean;
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

/** A remedy as an edit of a document, and of other files of its project. */
export interface RemedyEdit {
  /** What will change. */
  title: string;
  changesNetwork: boolean;
  edits: readonly PartEdit[];
  others: readonly { path: string; range: Range; newText: string }[];
}

export interface PossibleEdit extends RemedyEdit {
  remedy: string;
  /** Whether the remedy, tried on the whole network, would change more of it. */
  isPart: boolean;
}

/** A layer of a run, with the lines of this document, 0-based, that are known to create and to call it. */
export interface AskedLayer {
  name: string;
  created?: number;
  called?: number;
}

/** Where a layer is created and called in a document. */
export interface LayerPlace {
  name: string;
  created?: PartRange;
  called?: PartRange;
}

/** What code lenses stand above. */
export interface Outline {
  /** The outermost loops that train something. */
  loops: readonly PartRange[];
  /** Classes of modules that have a `forward`. */
  modules: readonly (PartRange & ModuleClass)[];
}

export interface ModuleClass {
  name: string;
  /** Parameters of its constructor, as they are written: `width, depth=3`. */
  parameters: string;
  /** Arguments with which the file makes one, where they are known; Python, and nothing but literals. */
  arguments?: string;
}

export interface LintAnswer {
  findings: readonly SourceFinding[];
  /** Files that the findings depend on, whether or not they exist. */
  dependencies: readonly string[];
}

/** Severities by rule; what is not named keeps its own. */
export type RuleSettings = Readonly<Record<string, Severity | 'off'>>;

/** What was tried, in a network with these layers. */
export interface AskedTrial extends Pick<Trial, 'remedies' | 'learningRateFactor'> {
  layers: readonly string[];
}

/** Why an edit cannot be made exactly. */
export interface RefusedEdit {
  refused: string;
}

/** What can be asked, by name: what is given, and what comes back. */
export interface AnalysisQuestions {
  /** Findings of a document, which is kept for what is asked about it next. */
  lint: { given: { document: AnalysedDocument; rules: RuleSettings }; answer: LintAnswer };
  /** Every fix that is safe on save, in one part, as one set of edits. */
  fixAll: { given: { document: AnalysedDocument; rules: RuleSettings; part: number }; answer: readonly PartEdit[] };
  /** The remedies that a place can take. */
  remedies: {
    given: { document: AnalysedDocument; at: PartRange };
    answer: readonly PossibleEdit[];
  };
  /** A trial as one edit. */
  edit: { given: { document: AnalysedDocument; trial: AskedTrial }; answer: RemedyEdit | RefusedEdit };
  /** For each of several trials why `edit` would refuse it; `undefined` where it would not. */
  refusals: {
    given: { document: AnalysedDocument; trials: readonly AskedTrial[] };
    answer: readonly (string | undefined)[];
  };
  layers: { given: { document: AnalysedDocument; layers: readonly AskedLayer[] }; answer: readonly LayerPlace[] };
  outline: { given: { document: AnalysedDocument }; answer: Outline };
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
