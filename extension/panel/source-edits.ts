import type { Search, Trial } from '../protocol/prescription';
import type { LayerInfo, ResolvedSettings } from '../protocol/run';
import { prescribedTrials } from '../protocol/trial-ranking';

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
  /** For each trial why it cannot be written into the source as that stands now; undefined where it can. */
  refusals(model: MeasuredModel, trials: readonly AppliedTrial[]): Promise<readonly (string | undefined)[]>;
  /** @param measureAgain is offered when the edit is made; where left out, the command that measures a captured run */
  apply(model: MeasuredModel, trial: AppliedTrial, measureAgain?: () => Thenable<unknown>): Promise<void>;
}

/** The reasons of those prescriptions of a search that the source has no place for, by the index of the trial. */
export async function refusedPrescriptions(
  edits: SourceEdits,
  model: MeasuredModel,
  search: Pick<Search, 'trials' | 'prescriptions'>,
): Promise<Map<number, string>> {
  const indices = prescribedTrials(search).filter((index) => edits.known(model, search.trials[index]!));
  const reasons = await edits.refusals(
    model,
    indices.map((index) => search.trials[index]!),
  );
  return new Map(
    indices.flatMap((index, place) => (reasons[place] === undefined ? [] : [[index, reasons[place]] as const])),
  );
}
