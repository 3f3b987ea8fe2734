/** What trials on a model did, in the few words that fit into the title of an edit. */
import * as vscode from 'vscode';
import type { Search, Trial } from '../protocol/prescription';
import { trialName } from '../protocol/trial-ranking';
import { inUnits } from '../remedies/units';

/** Where a remedy is to be applied. */
export interface EffectPlace {
  /** The layers that the place creates or calls, by name. */
  layers: readonly string[];
  /** Whether it is a part of what a trial on the whole network changes. */
  isPart: boolean;
}

/**
 * Of the trial of one remedy alone, at the experiment's own learning rate where that was tried: on the unit that the
 * place is, else on the whole network, which is said where the place is only a part of it.
 */
export function effectOfRemedy(
  search: Pick<Search, 'trials' | 'baseline'>,
  remedy: string,
  { layers, isPart }: EffectPlace,
): string | undefined {
  const alone = search.trials.filter(
    ({ remedies, effect }) => effect && remedies.length === 1 && remedies[0]!.id === remedy,
  );
  const atOwnRate = (trials: readonly Trial[]): Trial | undefined =>
    trials.find(({ learningRateFactor }) => learningRateFactor === 1) ?? trials[0];
  const here = layers.length > 0 ? alone.filter(({ remedies: [use] }) => isOn(use!.units, layers)) : [];
  const ofUnit = isPart ? atOwnRate(here) : undefined;
  if (ofUnit) return effectOfTrial(search, ofUnit);
  const trial = atOwnRate(alone.filter(({ remedies: [use] }) => !use!.units));
  const effect = trial && effectOfTrial(search, trial);
  return effect !== undefined && isPart ? vscode.l10n.t('{0} on the whole network', effect) : effect;
}

const isOn = (units: readonly string[] | undefined, layers: readonly string[]): boolean =>
  units !== undefined && layers.every((layer) => inUnits(layer, units));

/** `first-layer gradient ×3,400 in trial`. */
export function effectOfTrial({ baseline }: Pick<Search, 'baseline'>, trial: Trial): string | undefined {
  switch (trial.outcome) {
    case 'no-effect':
      return vscode.l10n.t('no effect in trial');
    case 'worse':
      return vscode.l10n.t('worse in trial');
    case 'failed':
    case 'skipped':
      return undefined;
  }
  const before = baseline?.weightGradient[0]?.magnitude;
  const after = trial.curves?.weightGradient[0]?.magnitude;
  const gradient =
    before !== undefined && after !== undefined && before > 0 && Number.isFinite(before) && Number.isFinite(after)
      ? vscode.l10n.t('first-layer gradient ×{0} in trial', ratio(after / before))
      : undefined;
  const healthy = trial.outcome === 'healthy' ? vscode.l10n.t('healthy in trial') : vscode.l10n.t('better in trial');
  return gradient ?? healthy;
}

/** What a prescription does, and what it did. */
export function prescriptionTitle(search: Pick<Search, 'baseline'>, trial: Trial): string {
  const effect = effectOfTrial(search, trial);
  const name = trialName(trial);
  return effect === undefined ? vscode.l10n.t('Apply {0}', name) : vscode.l10n.t('Apply {0}: {1}', name, effect);
}

/** Two significant digits: `3,400`, `1.5`, `0.02`; powers of ten beyond a million. */
const ratio = (value: number): string =>
  value >= 1e6 || (value > 0 && value < 1e-3)
    ? value.toExponential(1).replace('e+', 'e')
    : Number(value.toPrecision(2)).toLocaleString('en-US');
