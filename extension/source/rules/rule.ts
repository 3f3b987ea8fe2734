/** What a lint rule is. One file per rule; `index.ts` lists them. */
import type { Severity } from '../../protocol/finding';
import type { Framework } from '../analyse';
import type { Flow } from '../flow';
import type { ParsedSource } from '../parse';
import type { Span, TextEdit } from '../text';
import type { Trace } from '../trace';
import type { Op, Site } from '../values';

export interface Fix {
  /** What will change, in the imperative. */
  title: string;
  /** Part of a fix-all on save: it changes neither the network nor what the loop is meant to do. */
  safe: boolean;
  /** The network computes something else afterwards, as designed: a refactoring, which the editor shows first. */
  changesNetwork?: boolean;
  /** The remedy of the catalogue that it carries out. */
  remedy?: string;
  edits: readonly TextEdit[];
}

export interface Problem {
  /** Where, in the linted file. */
  at: Span;
  message: string;
  /** Where it is less serious than the rule's findings are. */
  severity?: Severity;
  fixes?: readonly Fix[];
}

export interface RuleContext {
  readonly file: ParsedSource;
  readonly trace: Trace;
  readonly flow: Flow;
  readonly framework: Framework;
  /** Whether another rule has found something, for rules that keep silent then. */
  found(code: string): readonly Problem[];
}

export interface Rule {
  readonly code: string;
  readonly name: string;
  readonly severity: Severity;
  readonly frameworks: readonly Framework[];
  check(context: RuleContext): Iterable<Problem>;
}

/** Whether a place is in the file that is linted; what another file does wrong is said there. */
export const isHere = ({ file }: RuleContext, site: Site): boolean => site.file === file;

/** Where an op comes from: the statement that makes its layer, else its call. */
export const originOf = (op: Op): Site => (op.layer?.path.startsWith('torch.') ? op.layer.site : op.site);
