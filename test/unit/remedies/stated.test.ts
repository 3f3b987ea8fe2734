import assert from 'node:assert/strict';
import { defaultExperiment, type Experiment, type Use } from '../../../extension/protocol/experiment';
import { findRemedy } from '../../../extension/remedies';
import { statedExperiment } from '../../../extension/remedies/stated';

const use = (id: string, parameters: Use['parameters'] = {}): Use => ({ id, parameters });

/** As the trainer does before a run. */
const configured = (experiment: Experiment): Experiment =>
  experiment.remedies.reduce((so, { id, parameters }) => {
    const remedy = findRemedy(id)!;
    return remedy.configure?.(so, remedy.parameters.parse(parameters)) ?? so;
  }, experiment);

describe('the settings of a run', () => {
  for (const remedies of [
    [],
    [use('lower-lr', { factor: 0.3 })],
    [use('raise-lr'), use('lower-lr')],
    [use('clip-grad-norm', { max_norm: 2 }), use('cosine-annealing-lr', { t_max: 9 }), use('residual')],
    [use('reduce-lr-on-plateau', { factor: 0.5 })],
  ])
    it(`state the experiment that led to them, with ${remedies.map(({ id }) => id).join(', ') || 'no remedy'}`, () => {
      const experiment: Experiment = { ...defaultExperiment('m.onnx'), remedies };
      const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
      const again = statedExperiment(configured(experiment));
      assert.deepEqual(plain(again), plain(experiment));
      assert.deepEqual(plain(configured(again)), plain(configured(experiment)));
    });
});
