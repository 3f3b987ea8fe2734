import assert from 'node:assert/strict';
import { panelSearch } from '../../../extension/panel/panel-search';
import { packCurves, unpackCurves, unpackEffect } from '../../../extension/protocol/panel-messages';
import { aSearch, someCurves } from './trials';

const upcoming = { remedies: [{ id: 'gelu', parameters: {} }], learningRateFactor: 1, left: 3 };

describe('a search in the panel', () => {
  it('ranks what is prescribed first, then by outcome', () => {
    const { trials } = panelSearch(aSearch(), undefined, () => false);
    assert.deepEqual(
      trials.map(({ remedies }) => remedies[0]!.id),
      ['residual', 'highway', 'lsuv', 'relu', 'mish', 'elu', 'lstm'],
    );
    assert.deepEqual(trials[0]!.prescribed, { healthy: true, seeds: [0, 1, 2] });
    assert.equal(trials[2]!.prescribed, undefined);
  });

  it('ranks by health and loss what has the same outcome', () => {
    const { trials } = panelSearch({ ...aSearch(), prescriptions: [] }, undefined, () => false);
    assert.deepEqual(
      trials.slice(0, 2).map(({ remedies }) => remedies[0]!.id),
      ['highway', 'residual'],
    );
  });

  it('travels as JSON without losing a number', () => {
    const { trials } = panelSearch(aSearch(), undefined, () => false);
    const failed = trials.find(({ outcome }) => outcome === 'failed')!;
    const arrived = JSON.parse(JSON.stringify(failed)) as typeof failed;
    assert.ok(Number.isNaN(unpackEffect(arrived.effect!).lossAfter));
    const curves = someCurves(2, NaN);
    assert.deepEqual(unpackCurves(packCurves(curves)), curves);
  });

  it('says what is being tried until the end, and what can be applied', () => {
    const search = aSearch();
    assert.equal(panelSearch(search, upcoming, () => false).upcoming, undefined);
    const going = panelSearch({ ...search, end: undefined }, upcoming, ({ outcome }) => outcome === 'healthy');
    assert.deepEqual(going.upcoming, upcoming);
    assert.deepEqual(
      going.trials.map(({ applicable }) => applicable),
      [true, true, false, false, false, false, false],
    );
  });
});
