import assert from 'node:assert/strict';
import { trialName } from '../../../extension/protocol/trial-ranking';
import { mergedOrder, trialGradients, trialLoss } from '../../../webview/charts/trial-figures';
import { searchStatus } from '../../../webview/panel/search-status';
import {
  offeredRow,
  settingsOf,
  sortedRows,
  type SortKey,
  type TrialRow,
} from '../../../webview/prescription/trial-row';
import { refusalText } from '../../../webview/prescription/trial-text';
import { csvOfTrials } from '../../../webview/prescription/trials-csv';
import { panelSearch } from '../../../extension/panel/panel-search';
import { unpackEffect } from '../../../extension/protocol/panel-messages';
import { aSearch, someCurves } from '../panel/trials';

const t = (text: string, ...values: (string | number)[]): string =>
  text.replaceAll(/\{(\d+)\}/g, (_, index: string) => String(values[Number(index)]));
const search = panelSearch(aSearch(), undefined, () => false);
const rows: TrialRow[] = search.trials.map((trial) => ({
  ...trial,
  effect: trial.effect && unpackEffect(trial.effect),
}));
const sorted = (key: SortKey, descending = false): string[] =>
  sortedRows(rows, { key, descending }).map(({ remedies }) => remedies[0]!.id);

describe('the table of trials', () => {
  it('sorts by what was measured; what was not comes last either way', () => {
    assert.deepEqual(sorted('loss').slice(0, 3), ['highway', 'residual', 'lsuv']);
    assert.deepEqual(sorted('loss').slice(-2).sort(), ['elu', 'lstm']);
    assert.deepEqual(sorted('loss', true).slice(0, 1), ['mish']);
    assert.deepEqual(sorted('loss', true).slice(-2).sort(), ['elu', 'lstm']);
    assert.equal(sorted('remedy')[0], 'elu');
    assert.equal(sorted('weights', true)[0], 'highway');
    assert.deepEqual(sorted('rank', true), sorted('rank').reverse());
  });

  it('tells the settings of a trial in words', () => {
    const row: TrialRow = {
      ...rows[0]!,
      remedies: [{ id: 'clip-grad-norm', parameters: { max_norm: 0.5 }, units: ['layers.*'] }],
      learningRateFactor: 0.3,
    };
    assert.equal(trialName(row), 'clip-grad-norm 0.5 in layers.* at lr ×0.3');
    assert.equal(settingsOf(row, t), 'max_norm 0.5, learning rate ×0.3, in layers.*');
    assert.equal(settingsOf(rows[0]!, t), '');
  });

  it('is written as CSV, one line per trial', () => {
    const [head, first, ...others] = csvOfTrials(rows).trimEnd().split('\n');
    assert.match(head!, /^rank,remedies,parameters,/);
    assert.equal(first, '1,residual,"{""residual"":{}}",,1,healthy,true,0 1 2,0.1,1,2,0.5,1.2,0,residual because.');
    assert.equal(others.at(-1), '7,lstm,"{""lstm"":{}}",,1,skipped,,,,,,,,,lstm because.');
  });
});

describe('the prescription that is offered', () => {
  const [best, second, ...others] = rows as [TrialRow, TrialRow, ...TrialRow[]];
  const refused = 'There is no place.';

  it('is the best, or else the next that is as healthy and that the source has a place for', () => {
    assert.equal(offeredRow(rows), best);
    assert.equal(offeredRow([{ ...best, refused }, second, ...others]), second);
    assert.equal(offeredRow(others), undefined);
  });

  it('is the best, though refused, where another would not make the network healthy', () => {
    const sick = { ...second, prescribed: { healthy: false, seeds: [0] } };
    assert.equal(offeredRow([{ ...best, refused }, sick, ...others])?.index, best.index);
    assert.equal(
      offeredRow([
        { ...best, refused },
        { ...second, refused },
      ])?.index,
      best.index,
    );
  });

  it('comes with the reason why it, or what ranks higher, cannot be written', () => {
    assert.equal(refusalText(best, rows), undefined);
    assert.equal(refusalText(second, rows), undefined);
    const given = [{ ...best, refused }, second];
    assert.match(refusalText(given[0]!, given)!, /^It cannot be written.*There is no place\.$/);
    assert.match(refusalText(second, given)!, /^residual ranks higher, but .*There is no place\.$/);
  });
});

describe('where a search stands', () => {
  const upcoming = { remedies: [{ id: 'gelu', parameters: {} }], learningRateFactor: 1, left: 3 };
  it('is said in words', () => {
    assert.equal(searchStatus({ ...search, end: undefined }, t), 'Preparing the first trial…');
    assert.equal(searchStatus({ ...search, end: undefined, upcoming }, t), '6 tried. Trying gelu, 3 left…');
    assert.equal(
      searchStatus({ ...search, end: undefined, upcoming: { ...upcoming, seed: 2 } }, t),
      '6 tried. Repeating gelu with seed 2…',
    );
    assert.equal(searchStatus(search, t), '6 tried, 1 not.');
    assert.equal(
      searchStatus({ ...search, end: { kind: 'stopped', reason: 'Stopped by the user.' } }, t),
      '6 tried, then: Stopped by the user.',
    );
  });
});

describe('curves before and after', () => {
  const look = { theme: 'dark', t } as const;
  const curves = { name: 'residual', before: someCurves(2, 2, 2), after: someCurves(2, 1, 0.5) };

  it('share their axes, and the run before is dimmed', () => {
    const { x, y, lines } = trialLoss(curves, look);
    assert.deepEqual(
      lines.map(({ label, length }) => [label, length]),
      [
        ['before', 3],
        ['residual', 3],
      ],
    );
    assert.ok(y.min <= 0.5 && y.max >= 2 && x.max === 2);
    assert.match(lines[0]!.color, /^#[0-9a-f]{8}$/, 'half transparent');
  });

  it('show the gradient of every layer of both, zeros and what is not a number marked', () => {
    const { x, y, lines } = trialGradients(curves, look);
    assert.deepEqual(x.names, ['body.0', 'head']);
    assert.equal(lines.length, 4);
    assert.ok(y.marks?.includes('zero'));
  });

  it('put layers that a remedy added where they belong', () => {
    assert.deepEqual(mergedOrder(['a', 'b', 'c'], ['a', 'a.skip', 'b', 'c', 'd']), ['a', 'a.skip', 'b', 'c', 'd']);
    assert.deepEqual(mergedOrder(['a'], ['first', 'second', 'a']), ['first', 'second', 'a']);
    assert.deepEqual(mergedOrder(['rnn', 'head'], ['lstm', 'head']), ['lstm', 'rnn', 'head']);
  });
});
