/** Messages between the renderer of notebook outputs and the extension. Both ends live without the other. */
import type { SymptomId } from './finding';
import type { StoredUse } from './notebook-output';
import type { Outcome } from './prescription';
import type { SourceLocation } from './run';

/** Which cell's output the renderer speaks of: VS Code does not tell it. */
export interface OutputOrigin {
  /** Of the output. */
  timeStarted: string;
  modelHash: string;
}

export interface Treatment {
  remedies: readonly StoredUse[];
  learningRateFactor: number;
}

export type RendererToHost =
  | { type: 'ready' }
  | { type: 'openInPanel'; origin: OutputOrigin }
  /** Put a cell with the treated experiment behind the one of the run's name. */
  | ({ type: 'insertCell'; run: string } & Treatment)
  /** Put a cell behind it that tries remedies on the run. */
  | { type: 'insertPrescribe'; run: string }
  /** Ask which prescriptions of an output the source has no place for. */
  | { type: 'refusals'; timeStarted: string }
  /** Carry out in the source what was tried on the baseline of an output. */
  | ({ type: 'apply'; timeStarted: string; outcome: Outcome } & Treatment)
  | { type: 'explain'; symptom: SymptomId }
  | { type: 'explainRemedy'; remedy: string }
  /** Open a line of the code that a model comes from; paths as in the output. */
  | { type: 'source'; source: SourceLocation; model: string }
  /** A file for the user to save; bytes in Base64, since VS Code carries messages as JSON. */
  | { type: 'save'; name: string; text?: string; base64?: string };

export type HostToRenderer =
  | { type: 'hello'; language: string; texts: Readonly<Record<string, string>> }
  /** The reasons, by the index of the trial in the output. */
  | { type: 'refusals'; timeStarted: string; reasons: readonly (readonly [trial: number, reason: string])[] };
