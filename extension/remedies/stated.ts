/** What was asked for, from what came of it. */
import type { Experiment } from '../protocol/experiment';
import { findRemedy } from './index';

/**
 * The settings of a run hold its remedies and what these have configured: stated again, that would be done twice.
 * @returns the experiment that leads to these settings
 */
export function statedExperiment(settings: Experiment): Experiment {
  const used = settings.remedies.map((use) => ({ use, remedy: findRemedy(use.id) }));
  const factor = used.reduce((product, { use, remedy }) => {
    const { factor: own = 1 } = (remedy?.parameters.safeParse(use.parameters).data ?? {}) as { factor?: number };
    return changesRate.has(use.id) ? product * own : product;
  }, 1);
  const lr = Number((settings.optimizer.lr / factor).toPrecision(12));
  return {
    ...settings,
    optimizer: { ...settings.optimizer, lr },
    clipping: used.some(({ remedy }) => remedy?.family === 'clipping') ? undefined : settings.clipping,
    schedule: used.some(({ remedy }) => remedy?.isSchedule) ? undefined : settings.schedule,
  };
}

const changesRate: ReadonlySet<string> = new Set(['lower-lr', 'raise-lr']);
