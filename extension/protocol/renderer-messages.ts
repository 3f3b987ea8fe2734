/** Messages between the renderer of notebook outputs and the extension. Both ends live without the other. */
import type { SymptomId } from './finding';
import type { StoredUse } from './notebook-output';
import type { SourceLocation } from './run';

/** Which cell's output the renderer speaks of: VS Code does not tell it. */
export interface OutputOrigin {
  /** Of the output. */
  timeStarted: string;
  modelHash: string;
}

export type RendererToHost =
  | { type: 'ready' }
  | { type: 'openInPanel'; origin: OutputOrigin }
  /** Put a cell behind those of the run's name. */
  | { type: 'insertCell'; run: string; remedies: readonly StoredUse[]; learningRateFactor: number }
  /** Carry a prescription out in the source that the model comes from. */
  | { type: 'apply'; run: string; remedies: readonly StoredUse[]; learningRateFactor: number }
  | { type: 'explain'; symptom: SymptomId }
  | { type: 'source'; source: SourceLocation; model: string }
  /** A file for the user to save; bytes in Base64, since VS Code carries messages as JSON. */
  | { type: 'save'; name: string; text?: string; base64?: string };

export interface HostToRenderer {
  type: 'hello';
  language: string;
  texts: Readonly<Record<string, string>>;
  /** Whether prescriptions can be applied to sources. */
  canApply: boolean;
}
