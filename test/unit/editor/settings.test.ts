import assert from 'node:assert/strict';
import { experimentOf, readSettings } from '../../../extension/editor/settings';
import { defaultExperiment } from '../../../extension/protocol/experiment';

describe('settings', () => {
  it('have the defaults of the command line', () => {
    const { settings, problems } = readSettings(() => undefined);
    assert.deepEqual(problems, []);
    assert.deepEqual(experimentOf(settings, 'm.onnx', undefined, []), defaultExperiment('m.onnx'));
  });

  it('become an experiment', () => {
    const chosen: Record<string, unknown> = { optimizer: 'adam', batchSize: 8, loss: 'mse', threads: 2, mode: 'eval' };
    const experiment = experimentOf(readSettings((name) => chosen[name]).settings, 'm.onnx', 'd.npz', ['head']);
    assert.equal(experiment.optimizer.lr, 1e-3);
    assert.deepEqual(experiment.data, { kind: 'file', path: 'd.npz' });
    assert.deepEqual(experiment.frozen, ['head']);
    assert.equal(experiment.batch, 8);
    assert.equal(experiment.loss, 'mse');
    assert.equal(experiment.mode, 'eval');
    assert.equal(experiment.threads, 2);
  });

  for (const [name, value] of [
    ['steps', 0],
    ['steps', 'many'],
    ['learningRate', -1],
    ['optimizer', 'lion'],
  ] as const)
    it(`fall back to the default and say so when ${name} is ${value}`, () => {
      const { settings, problems } = readSettings((asked) => (asked === name ? value : undefined));
      assert.equal(settings[name], readSettings(() => undefined).settings[name]);
      assert.equal(problems.length, 1);
      assert.match(problems[0]!, new RegExp(`^gradientDoctor\\.${name}: Write `));
    });

  it('name the entry that is wrong', () => {
    const problemOf = (name: string, value: unknown) =>
      readSettings((asked) => (asked === name ? value : undefined)).problems;
    assert.deepEqual(problemOf('rules', { GD101: 'loud' }), [
      'gradientDoctor.rules.GD101: Write one of error, warning, information, off.',
    ]);
    assert.deepEqual(problemOf('rules', { GD1: 'off' }), ['gradientDoctor.rules.GD1: There is nothing of this name.']);
    assert.deepEqual(problemOf('thresholds', { 'dead-units': 'half' }), [
      'gradientDoctor.thresholds.dead-units: Write a number.',
    ]);
  });
});
