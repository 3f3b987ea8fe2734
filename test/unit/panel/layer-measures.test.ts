import assert from 'node:assert/strict';
import { healthByLayer, layerGradient, worstOf } from '../../../extension/panel/layer-measures';
import { activationColumn, parameterColumn } from '../../../extension/protocol/run';
import { Telemetry } from '../../../extension/protocol/telemetry';
import { aLayout, aRun } from './examples';

const finding = (severity: 'error' | 'warning', ...layers: string[]) => ({
  symptom: 'vanishing-gradient' as const,
  severity,
  layers,
  value: 0,
  threshold: 1,
  reference: '',
  message: '',
});

describe('layer measures', () => {
  it('takes the worst finding of each layer', () => {
    const health = healthByLayer([finding('warning', 'a', 'b'), finding('error', 'a')]);
    assert.deepEqual(
      [...health],
      [
        ['a', 'error'],
        ['b', 'warning'],
      ],
    );
    assert.equal(worstOf(health.values()), 'error');
    assert.equal(worstOf([]), 'healthy');
  });

  it('combines the gradients of all parameters of a layer', () => {
    const layout = aLayout();
    const run = aRun(2, (row, step) => {
      row[parameterColumn(layout, 1, 'gradientNorm')] = 3 * (step + 1);
      row[parameterColumn(layout, 2, 'gradientNorm')] = 4 * (step + 1);
    });
    assert.equal(layerGradient(new Telemetry(run), 2), 10);
    assert.equal(layerGradient(new Telemetry(run), 2, 0), 5);
  });

  it('takes the gradient of the activation where there is no parameter', () => {
    const run = aRun(1, (row) => {
      row[activationColumn(1, 'gradientRms')] = 0.25;
    });
    assert.equal(layerGradient(new Telemetry(run), 1), 0.25);
  });

  it('has nothing to say before the first step', () => {
    assert.equal(layerGradient(new Telemetry(aRun(0)), 0), undefined);
  });
});
