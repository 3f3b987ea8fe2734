import assert from 'node:assert/strict';
import { panelSearch } from '../../../extension/panel/panel-search';
import { refusedPrescriptions, type SourceEdits } from '../../../extension/panel/source-edits';
import { packCurves, unpackCurves, unpackEffect } from '../../../extension/protocol/panel-messages';
import { aHeader } from './examples';
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

  it('says why prescriptions cannot be written into the source', async () => {
    const search = aSearch();
    const edits: SourceEdits = {
      known: () => true,
      refusals: (_, trials) =>
        Promise.resolve(trials.map(({ remedies }) => (remedies[0]!.id === 'highway' ? 'No place.' : undefined))),
      apply: () => Promise.resolve(),
    };
    const model = { name: 'model', header: aHeader() };
    const refused = await refusedPrescriptions(edits, model, search);
    const { trials } = panelSearch(search, undefined, () => true, refused);
    assert.deepEqual(
      trials.filter((trial) => trial.refused).map(({ remedies, refused: reason }) => [remedies[0]!.id, reason]),
      [['highway', 'No place.']],
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
