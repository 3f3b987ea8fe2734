import type { PanelSearch } from '../../extension/protocol/panel-messages';
import { trialName } from '../../extension/protocol/trial-ranking';

type Translate = (text: string, ...values: (string | number)[]) => string;

/** Where a search stands, in a few words. */
export function searchStatus({ trials, upcoming, end }: PanelSearch, t: Translate): string {
  const tried = trials.filter(({ outcome }) => outcome !== 'skipped').length;
  if (!end) {
    if (!upcoming) return t('Preparing the first trial…');
    const name = trialName(upcoming);
    if (upcoming.seed !== undefined) return t('{0} tried. Repeating {1} with seed {2}…', tried, name, upcoming.seed);
    return upcoming.left === 0
      ? t('{0} tried. Trying {1}…', tried, name)
      : t('{0} tried. Trying {1}, {2} left…', tried, name, upcoming.left);
  }
  const skipped = trials.length - tried;
  if (end.kind === 'finished') return skipped === 0 ? t('{0} tried.', tried) : t('{0} tried, {1} not.', tried, skipped);
  return t('{0} tried, then: {1}', tried, end.reason);
}
