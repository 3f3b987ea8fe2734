/** A laboratory whose trainer answers at once with runs made up by a test. */
import type { LabCell, Laboratory } from '../../../extension/notebook/engine/laboratory';
import type { Experiment } from '../../../extension/protocol/experiment';
import { english } from '../../../extension/protocol/text';
import type { Run } from '../../../extension/protocol/run';
import { makeRun, type RunPlan } from '../diagnosis/run-factory';

export interface TestLaboratory extends Laboratory {
  /** What was trained. */
  trained: Experiment[];
  cells: LabCell[];
}

/** @param plan of the run of an experiment; an error is what the trainer throws */
export function aLaboratory(
  plan: (experiment: Experiment) => Partial<RunPlan> | Error = () => ({}),
  changes: Partial<Laboratory> = {},
): TestLaboratory {
  const trained: Experiment[] = [];
  return {
    folder: '/lab',
    provider: 'cpu',
    version: '1.2.3',
    shim: '/shim',
    t: english,
    signal: new AbortController().signal,
    ...changes,
    cells: [...(changes.cells ?? [])],
    trained,
    trainer: changes.trainer ?? {
      train: (experiment, options) => {
        trained.push(experiment);
        const planned = plan(experiment);
        if (planned instanceof Error) return Promise.reject(planned);
        const run = aRunOf(experiment, planned);
        options.header?.(run.header);
        for (let step = 0; step < run.steps; step += 10) {
          const count = Math.min(10, run.steps - step);
          const width = run.rows.length / run.steps;
          options.steps?.({ firstStep: step, count, rows: run.rows.slice(step * width, (step + count) * width) });
        }
        return Promise.resolve(run.end!);
      },
    },
  };
}

export const aRunOf = (experiment: Experiment, plan: Partial<RunPlan> = {}): Run =>
  makeRun({
    depth: 3,
    steps: experiment.steps,
    ...plan,
    header: { model: experiment.model, ...plan.header },
    settings: { ...experiment, batch: 32, loss: 'cross-entropy', output: 'y', mode: 'train', threads: 1 },
  });
