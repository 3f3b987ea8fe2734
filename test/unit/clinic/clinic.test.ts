/** A few patients of the clinic (`draw.py 1 OUT --only NAME`); `npm run clinic` sees all of a draw. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { diagnose } from '../../../extension/diagnosis/diagnose';
import type { Experiment } from '../../../extension/protocol/experiment';
import { prescribe } from '../../../extension/remedies/prescribe';
import { assess, isHealthy } from '../../../extension/remedies/score';
import { runTrial } from '../../../extension/remedies/trial-run';
import { Trainer } from '../../../extension/trainer/host';
import { readPatients } from '../../clinic/patients';
import { isCured, isDetected } from '../../clinic/verdict';

describe('a few patients of the clinic', function () {
  this.timeout(180_000);
  const trainer = new Trainer({ path: resolve('dist/trainer.js') });
  after(() => trainer.dispose());

  const measure = async (experiment: Experiment) => {
    const run = await runTrial(trainer, experiment, undefined);
    return assess(run, diagnose(run));
  };

  for (const patient of readPatients(resolve('test/fixtures/clinic'))) {
    if (!patient.cause)
      it(`no alarm: ${patient.name}`, async () => {
        assert.ok(isHealthy(await measure(patient.experiment)));
      });
    else
      it(`detected and cured: ${patient.name}`, async () => {
        const baseline = await measure(patient.experiment);
        assert.ok(isDetected({ patient, baseline }), baseline.findings.map(({ symptom }) => symptom).join());
        const twin = await measure(patient.twin!);
        let trained = 0;
        const outcome = await prescribe(
          patient.experiment,
          {
            train: (experiment, signal, isHopeless) => runTrial(trainer, experiment, signal, isHopeless),
            diagnose,
            now: () => trained++,
          },
          { budget: Infinity },
        );
        assert.ok(isCured({ patient, baseline, twin, outcome }), JSON.stringify(outcome.prescriptions[0]?.remedies));
      });
  }
});
