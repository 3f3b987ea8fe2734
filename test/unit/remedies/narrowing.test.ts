import assert from 'node:assert/strict';
import type { Use } from '../../../extension/protocol/experiment';
import type { LayerInfo } from '../../../extension/protocol/run';
import { narrowed } from '../../../extension/remedies/narrowing';
import { unitsOf } from '../../../extension/remedies/units';
import { makeRun, type RunPlan } from '../diagnosis/run-factory';

const use = (id: string): Use => ({ id, parameters: {} });

/** The units that a remedy is tried on, in that order, in a stack whose layers have names of their own. */
const unitsFor = (id: string, plan: Partial<RunPlan> = {}): (readonly string[])[] => {
  const run = makeRun({ depth: 4, steps: 12, ...plan });
  const { layout } = run.header;
  const layers = layout.layers.map((layer) => ({ ...layer, name: layer.name.replace('.', '') }));
  const named = { ...run, header: { ...run.header, layout: { ...layout, layers } } };
  return narrowed([use(id)], named, []).map(([only]) => only!.units!);
};

describe('narrowed', () => {
  it('begins with the layer in which the gradient is lost', () => {
    const lostIn = (name: string): RunPlan['layer'] => {
      let lost = false;
      return (info, step, index) => {
        if (index === 0) lost = false;
        lost ||= info.name === name;
        return { gradientRms: lost ? 0.01 : 1e-7 };
      };
    };
    assert.deepEqual(unitsFor('kaiming-normal', { layer: lostIn('layers.4') })[0], ['layers4']);
    assert.deepEqual(unitsFor('relu', { layer: lostIn('layers.3') })[0], ['layers3']);
  });

  it('begins with the layer whose weights are all alike', () => {
    const units = unitsFor('orthogonal', { header: { constantWeights: ['layers2'] } });
    assert.deepEqual(units[0], ['layers2']);
  });

  it('leaves alone what is of the whole network, and a network of one unit', () => {
    assert.deepEqual(unitsFor('long-skip'), []);
    assert.deepEqual(unitsFor('lsuv'), []);
    assert.deepEqual(unitsFor('clip-grad-norm'), []);
    assert.deepEqual(narrowed([use('relu')], makeRun({ depth: 4, steps: 12 }), []), []);
  });

  it('keeps the other remedies of a combination as they are', () => {
    const uses = [use('kaiming-normal'), use('warmup')];
    for (const [first, second] of narrowed(uses, makeRun({ depth: 4, steps: 12 }), [])) {
      assert.ok(first!.units);
      assert.equal(second, uses[1]);
    }
  });
});

describe('unitsOf', () => {
  const layer = (name: string, line?: number): Pick<LayerInfo, 'name' | 'created'> => ({
    name,
    ...(line !== undefined && { created: { file: 'net.py', line } }),
  });

  it('joins what differs in an index', () => {
    assert.deepEqual(unitsOf(['layers.0', 'layers.1', 'head', 'sigmoid', 'sigmoid_1'].map((name) => layer(name))), [
      ['layers.*'],
      ['head'],
      ['sigmoid'],
    ]);
  });

  it('joins what one statement creates', () => {
    assert.deepEqual(unitsOf([layer('fc1', 5), layer('fc2', 5), layer('head', 6)]), [['fc1', 'fc2'], ['head']]);
  });
});
