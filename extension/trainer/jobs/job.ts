import type { Runtime } from '../../onnx/runtime';
import type { RunHeader, StepChunk } from '../../protocol/run';

/** What a job is given by the process that runs it. */
export interface JobContext {
  runtime: Runtime;
  /** Aborted when the host asks the job to stop. */
  signal: AbortSignal;
  progress(phase: string, fraction?: number): void;
  header(header: RunHeader): void;
  steps(chunk: StepChunk): void;
}
