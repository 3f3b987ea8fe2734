/** Learning-rate schedules exactly as torch.optim.lr_scheduler has them, in closed form where it has one. */
import type { ParameterValue, Use } from '../protocol/experiment';

export interface Schedule {
  /** The learning rate of a step. Plateau: given the losses it has been told of; only the next step's is known for sure. */
  rate(step: number): number;
  /** How many steps from `step` on have learning rates that no loss can change any more; Infinity where none ever does. */
  certain(step: number): number;
  /** Told after each unit (step or epoch), where `listens` says which. */
  observe(loss: number): void;
  /** Whether and how often it wants to be told of a loss. */
  readonly listens: 'step' | 'epoch' | undefined;
}

type Parameters = Readonly<Record<string, ParameterValue>>;

/** @param n how many times the scheduler has been stepped. */
type ClosedForm = (base: number, parameters: Parameters, n: number) => number;

const number = (parameters: Parameters, name: string): number => parameters[name] as number;

const closedForms: Readonly<Record<string, ClosedForm>> = {
  /** ExponentialLR. */
  'exponential-lr': (base, p, n) => base * number(p, 'gamma') ** n,
  /** StepLR. */
  'step-lr': (base, p, n) => base * number(p, 'gamma') ** Math.floor(n / number(p, 'step_size')),
  /** CosineAnnealingLR (Loshchilov and Hutter, 2017), without restarts: after t_max it climbs again. */
  'cosine-annealing-lr': (base, p, n) => {
    const low = number(p, 'eta_min');
    return low + ((base - low) * (1 + Math.cos((Math.PI * n) / number(p, 't_max')))) / 2;
  },
  /** LinearLR from start_factor to 1. */
  warmup: (base, p, n) => {
    const start = number(p, 'start_factor');
    return base * (start + ((1 - start) * Math.min(n, number(p, 'steps'))) / number(p, 'steps'));
  },
};

/**
 * @param use an id of the catalogue with all its parameters; undefined is a constant rate
 * @param base the optimizer's learning rate
 */
export function createSchedule(use: Use | undefined, base: number, stepsPerEpoch: number): Schedule {
  if (!use) return closed(() => base);
  const unit = use.parameters.unit === 'epoch' ? 'epoch' : 'step';
  if (use.id === 'reduce-lr-on-plateau') return plateau(base, use.parameters, unit, stepsPerEpoch);
  const form = closedForms[use.id];
  if (!form) throw new Error(`There is no schedule "${use.id}".`);
  return closed((step) => form(base, use.parameters, unit === 'epoch' ? Math.floor(step / stepsPerEpoch) : step));
}

const closed = (rate: (step: number) => number): Schedule => ({
  rate,
  certain: () => Infinity,
  observe: () => undefined,
  listens: undefined,
});

/** ReduceLROnPlateau with mode "min", threshold 1e-4 relative, no cooldown and eps 1e-8: PyTorch's defaults. */
function plateau(base: number, parameters: Parameters, unit: 'step' | 'epoch', stepsPerEpoch: number): Schedule {
  const [factor, patience] = [number(parameters, 'factor'), number(parameters, 'patience')];
  let [rate, best, bad] = [base, Infinity, 0];
  return {
    rate: () => rate,
    // Before its patience is over, nothing it hears can change the rate.
    certain: (step) =>
      unit === 'step' ? patience + 1 - bad : (patience + 1 - bad) * stepsPerEpoch - (step % stepsPerEpoch),
    observe(loss) {
      if (loss < best * (1 - 1e-4)) [best, bad] = [loss, 0];
      else bad++;
      if (bad <= patience) return;
      bad = 0;
      if (rate - rate * factor > 1e-8) rate *= factor;
    },
    listens: unit,
  };
}
