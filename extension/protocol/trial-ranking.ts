/** The order in which trials are shown, and what each is called. */
import type { ParameterValue, Use } from './experiment';
import type { Outcome, Search, Trial } from './prescription';

/** `residual + relu at lr ×0.3`, `kaiming-normal in fc3`. */
export const trialName = ({ remedies, learningRateFactor }: Pick<Trial, 'remedies' | 'learningRateFactor'>): string =>
  remedies.map(useName).join(' + ') + (learningRateFactor === 1 ? '' : ` at lr ×${learningRateFactor}`);

/** With the strength of those that are tried at several, and the units of those that are for a part of the network. */
function useName({ id, parameters, units }: Use): string {
  const where = units ? ` in ${units.join(', ')}` : '';
  if (parameters.max_norm !== undefined && parameters.max_norm !== 1)
    return `${id} ${readable(parameters.max_norm)}${where}`;
  return (
    (id.endsWith('-lr') && typeof parameters.factor === 'number' ? `${id} ×${readable(parameters.factor)}` : id) + where
  );
}

/** `0.02`, `1e-5`. */
const readable = (value: ParameterValue): string =>
  typeof value === 'number' && value !== 0 && (value < 1e-3 || value >= 1e5) ? value.toExponential() : String(value);

const outcomes: readonly Outcome[] = ['healthy', 'improved', 'no-effect', 'worse', 'failed', 'skipped'];

type Trials = Pick<Search, 'trials' | 'prescriptions'>;

/** The trials that the search prescribes, best first, as indices of `trials`. */
export const prescribedTrials = ({ trials, prescriptions }: Trials): number[] =>
  prescriptions.map((prescription) =>
    trials.findIndex(
      ({ learningRateFactor, remedies }) =>
        learningRateFactor === prescription.learningRateFactor && sameUses(remedies, prescription.remedies),
    ),
  );

/** All trials, best first: what the search prescribes in its order, then by outcome, health and loss. */
export function rankedTrials(search: Trials): number[] {
  const { trials } = search;
  const prescribed = new Map(prescribedTrials(search).map((trial, place) => [trial, place]));
  const place = (trial: number): number => prescribed.get(trial) ?? prescribed.size;
  const loss = ({ effect }: Trial): number => (effect && !Number.isNaN(effect.lossAfter) ? effect.lossAfter : Infinity);
  return trials
    .map((_, index) => index)
    .sort((a, b) => {
      const [left, right] = [trials[a]!, trials[b]!];
      return (
        place(a) - place(b) ||
        outcomes.indexOf(left.outcome) - outcomes.indexOf(right.outcome) ||
        (right.effect?.healthAfter ?? 0) - (left.effect?.healthAfter ?? 0) ||
        loss(left) - loss(right) ||
        a - b
      );
    });
}

const sameUses = (a: readonly Use[], b: readonly Use[]): boolean => JSON.stringify(a) === JSON.stringify(b);
