import type { Trial } from '../protocol/prescription';
import type { LayerInfo, ResolvedSettings } from '../protocol/run';

/** What tells where a model comes from; a run of it does. Paths are absolute. */
export interface MeasuredModel {
  name: string;
  header: {
    layout: { layers: readonly LayerInfo[] };
    settings: Pick<ResolvedSettings, 'model' | 'capture'>;
  };
}

export type AppliedTrial = Pick<Trial, 'remedies' | 'learningRateFactor' | 'outcome'>;

/** How what was tried on a model gets into the source that the model was made from. */
export interface SourceEdits {
  /** Whether an edit is known that carries the trial out. */
  known(model: MeasuredModel, trial: AppliedTrial): boolean;
  /** @param measureAgain is offered when the edit is made; where left out, the command that measures a captured run */
  apply(model: MeasuredModel, trial: AppliedTrial, measureAgain?: () => Thenable<unknown>): Promise<void>;
}
