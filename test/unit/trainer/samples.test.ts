import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { diagnose } from '../../../extension/diagnosis/diagnose';
import { defaultExperiment } from '../../../extension/protocol/experiment';
import { runTrial } from '../../../extension/remedies/trial-run';
import { Trainer } from '../../../extension/trainer/host';

/** Seed 0 is that of the command line's own tests. */
const otherSeeds = [1, 2, 3, 4];

describe('the samples, whatever the seed', function () {
  this.timeout(120_000);
  const trainer = new Trainer({ path: resolve('dist/trainer.js') });
  after(() => trainer.dispose());

  for (const [name, symptom] of [
    ['deep_sigmoid', 'vanishing-gradient'],
    ['exploding', 'exploding-gradient'],
    ['plain_cnn', 'vanishing-gradient'],
    ['healthy_residual', undefined],
  ] as const)
    it(`${name}: ${symptom ?? 'nothing'}`, async () => {
      for (const seed of otherSeeds) {
        const run = await runTrial(
          trainer,
          {
            ...defaultExperiment(resolve('samples', name, 'model.onnx')),
            data: { kind: 'file', path: resolve('samples', name, 'batch.npz') },
            steps: symptom ? 10 : 25,
            seed,
          },
          undefined,
        );
        const seen = diagnose(run).flatMap((finding) => (finding.severity === 'information' ? [] : [finding.symptom]));
        if (symptom) assert.ok(seen.includes(symptom), `seed ${seed}: ${seen.join()}`);
        else assert.deepEqual(seen, [], `seed ${seed}`);
      }
    });
});
