import assert from 'node:assert/strict';
import { prescribeDocument } from '../../../extension/cli/prescribe-document';
import { toJson } from '../../../extension/protocol/json';
import { aRun } from '../panel/examples';
import { aSearch } from '../panel/trials';

describe('the document of prescribe', () => {
  const search = aSearch();
  const document = JSON.parse(
    toJson(prescribeDocument({ ...search, baseline: { run: aRun(2), findings: [] } })),
  ) as ReturnType<typeof prescribeDocument>;

  it('holds the baseline, every trial and the good ones', () => {
    assert.equal(document.baseline.steps.length, 2);
    assert.equal(document.trials.length, search.trials.length);
    assert.deepEqual(
      document.prescriptions.map(({ remedies, healthy, seeds }) => [remedies, healthy, seeds]),
      [
        [['residual'], true, [0, 1, 2]],
        [['highway'], true, [0]],
      ],
    );
  });

  it('says what was not measured, and what is not finite', () => {
    const named = (id: string) => document.trials.find(({ remedies }) => remedies[0] === id)!;
    assert.equal(named('lstm').effect, null);
    assert.equal(named('elu').effect!.lossAfter, 'NaN');
  });
});
