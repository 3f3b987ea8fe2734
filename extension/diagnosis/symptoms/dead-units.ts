import { isProgressing } from '../progress';
import { names, percent } from '../sentence';
import type { Symptom } from '../symptom';

/** A batch or two says nothing about a unit that fires rarely. */
const fewestSteps = 5;

/** AutoTrainer's limit: that many dead units are a fault even in a network that learns. */
const grave = 0.7;

/** Units of a rectifier that have not fired once since the run began. */
export const deadUnits: Symptom = {
  id: 'dead-units',
  threshold: 0.5,
  reference: 'SageMaker Debugger (DeadRelu)',
  detect: ({ telemetry, threshold, t }) => {
    if (telemetry.steps < fewestSteps) return [];
    const last = telemetry.steps - 1;
    const dead = telemetry.layers
      .map(({ name }, layer) => ({ name, share: telemetry.activation(last, layer, 'deadShare') }))
      .filter(({ share }) => share > threshold)
      .sort((a, b) => b.share - a.share);
    const worst = dead[0];
    if (!worst) return [];
    const layers = dead.map(({ name }) => name);
    return [
      {
        severity:
          worst.share >= 1 ? 'error' : worst.share >= grave || !isProgressing(telemetry) ? 'warning' : 'information',
        layers,
        value: worst.share,
        message: t(
          'Units are dead: in {0} up to {1} of the units have not fired once in {2} steps.',
          names(layers, t),
          percent(worst.share),
          telemetry.steps,
        ),
      },
    ];
  },
};
