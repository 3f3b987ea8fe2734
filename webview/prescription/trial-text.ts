import { t } from '../ui/l10n';
import { readableNumber } from '../../extension/panel/readable-number';
import { trialName } from '../../extension/protocol/trial-ranking';
import type { TrialRow } from './trial-row';

/** Why a trial is offered though another ranks higher, or cannot be applied itself; nothing where neither is so. */
export function refusalText(row: TrialRow, rows: readonly TrialRow[]): string | undefined {
  if (row.refused !== undefined) return t('It cannot be written into this source. {0}', row.refused);
  const before = rows.slice(0, rows.indexOf(row)).find(({ prescribed }) => prescribed);
  return row.prescribed && before?.refused !== undefined
    ? t('{0} ranks higher, but cannot be written into this source. {1}', trialName(before), before.refused)
    : undefined;
}

/**
 * What a trial came to: of one that is prescribed what it changes and where it held, of another why it is not.
 * @param best of all
 */
export function trialText(row: TrialRow, best: boolean): string {
  const { effect, prescribed, why } = row;
  if (!effect || !prescribed) return t('{0}: {1}', trialName(row), why);
  const { healthy, seeds } = prescribed;
  const values = [trialName(row), readableNumber(effect.lossBefore), readableNumber(effect.lossAfter)] as const;
  if (!healthy)
    return best
      ? t('{0} helps most: the loss ends at {2} instead of {1}. It is not healthy yet.', ...values)
      : t('{0} helps: the loss ends at {2} instead of {1}. It is not healthy yet.', ...values);
  return seeds.length > 1
    ? t('{0} makes it healthy, on seeds {3}: the loss ends at {2} instead of {1}.', ...values, seeds.join(', '))
    : t('{0} makes it healthy: the loss ends at {2} instead of {1}. It was not repeated on other seeds.', ...values);
}
