import assert from 'node:assert/strict';
import { defaultExperiment } from '../../../extension/protocol/experiment';
import type { Finding, SymptomId } from '../../../extension/protocol/finding';
import { findRemedy } from '../../../extension/remedies';
import { candidates, usesOf } from '../../../extension/remedies/candidates';
import { makeRun, type RunPlan } from '../diagnosis/run-factory';

const experiment = { ...defaultExperiment('model.onnx'), steps: 60 };
const found = (symptom: SymptomId): Finding => ({
  symptom,
  severity: 'error',
  layers: [],
  value: 1,
  threshold: 1,
  reference: 'test',
  message: '',
});

const order = (...symptoms: SymptomId[]): string[] =>
  candidates(symptoms.map(found), makeRun({ depth: 3, steps: 1 }).header.layout.layers).map(({ id }) => id);

const parametersOf = (id: string, plan: Partial<RunPlan> = {}) =>
  usesOf(findRemedy(id)!, experiment, makeRun({ depth: 3, steps: 30, ...plan })).map(({ parameters }) => parameters);

describe('candidates', () => {
  it('begin with the architecture where gradients vanish', () => {
    assert.equal(order('vanishing-gradient')[0], 'relu');
  });

  it('begin with the learning rate where the steps have the wrong size', () => {
    assert.deepEqual(order('update-ratio').slice(0, 2), ['lower-lr', 'raise-lr']);
  });

  it('begin with clipping and smaller steps where the run diverges', () => {
    assert.ok(order('exploding-gradient').slice(0, 3).includes('lower-lr'));
    assert.equal(order('exploding-gradient')[0], 'clip-grad-norm');
  });

  it('take the softmax out before anything else', () => {
    assert.equal(order('softmax-before-loss', 'vanishing-gradient')[0], 'logits');
  });
});

describe('usesOf', () => {
  const updates =
    (updateNorm: number): RunPlan['layer'] =>
    () => ({ updateNorm, weightNorm: 2 });

  it('chooses learning rates by the size of the measured steps', () => {
    assert.deepEqual(parametersOf('lower-lr', { layer: updates(2) }), [
      { factor: 0.001 },
      { factor: 0.01 },
      { factor: 0.0001 },
      { factor: 0.1 },
    ]);
    assert.deepEqual(parametersOf('raise-lr', { layer: updates(2e-6) }), [
      { factor: 1000 },
      { factor: 10000 },
      { factor: 100 },
      { factor: 100000 },
    ]);
  });

  it('looks for no learning rate where steps are large beyond measure', () => {
    assert.deepEqual(parametersOf('lower-lr', { layer: updates(2e9) }), [{ factor: 0.1 }]);
    assert.deepEqual(parametersOf('clip-grad-norm', { step: () => ({ gradientNorm: 1e10 }) }), [{ max_norm: 1 }]);
  });

  it('clips at the usual norm besides the default', () => {
    assert.deepEqual(parametersOf('clip-grad-norm', { step: () => ({ gradientNorm: 0.02 }) }), [
      { max_norm: 1 },
      { max_norm: 0.02 },
    ]);
    assert.deepEqual(parametersOf('clip-grad-norm'), [{ max_norm: 1 }]);
  });

  it('spans the run with a schedule', () => {
    assert.equal(parametersOf('cosine-annealing-lr')[0]!.t_max, 60);
    assert.equal(parametersOf('warmup')[0]!.steps, 6);
  });
});
