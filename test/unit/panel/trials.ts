import type { Curves, Effect, Search, Trial } from '../../../extension/protocol/prescription';

export const anEffect = (change: Partial<Effect> = {}): Effect => ({
  healthBefore: 0.1,
  healthAfter: 0.1,
  lossBefore: 2,
  lossAfter: 2,
  timeStepRatio: 1,
  parametersAdded: 0,
  ...change,
});

export const someCurves = (...losses: number[]): Curves => ({
  losses: Float32Array.from(losses),
  weightGradient: [
    { layer: 'body.0', magnitude: 1e-30 },
    { layer: 'head', magnitude: NaN },
  ],
  activationGradient: [{ layer: 'body.0', magnitude: 0 }],
});

export const aTrial = (id: string, outcome: Trial['outcome'], change: Partial<Effect> | null = {}): Trial => ({
  remedies: [{ id, parameters: {} }],
  learningRateFactor: 1,
  outcome,
  why: `${id} because.`,
  findings: [],
  ...(change && { effect: anEffect(change), curves: someCurves(2, change.lossAfter ?? 2) }),
});

/** Seven trials, one of each outcome, of which one is prescribed before another with a lower loss. */
export function aSearch(): Search {
  const trials = [
    aTrial('relu', 'no-effect'),
    aTrial('residual', 'healthy', { healthAfter: 1, lossAfter: 0.5, timeStepRatio: 1.2 }),
    aTrial('highway', 'healthy', { healthAfter: 1, lossAfter: 0.4, timeStepRatio: 2, parametersAdded: 512 }),
    aTrial('lstm', 'skipped', null),
    aTrial('mish', 'worse', { lossAfter: 3 }),
    aTrial('elu', 'failed', { lossAfter: NaN }),
    aTrial('lsuv', 'improved', { healthAfter: 0.4, lossAfter: 1.5 }),
  ];
  return {
    budget: 60,
    baseline: someCurves(2, 2),
    trials,
    prescriptions: [
      { ...trials[1]!, effect: trials[1]!.effect!, healthy: true, seeds: [0, 1, 2] },
      { ...trials[2]!, effect: trials[2]!.effect!, healthy: true, seeds: [0] },
    ],
    end: { kind: 'finished' },
  };
}
