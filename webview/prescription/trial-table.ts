import { element, focusedWithin, setAttributes } from '../ui/dom';
import { icon, type IconName } from '../ui/icons';
import { t } from '../ui/l10n';
import { readableNumber } from '../../extension/panel/readable-number';
import type { Outcome } from '../../extension/protocol/prescription';
import { settingsOf, sortedRows, type Sorting, type SortKey, type TrialRow } from './trial-row';

export interface TrialTableEvents {
  /** The user chose a trial, by its index. */
  select(index: number): void;
  /** The user wants to read about a remedy. */
  explain(remedy: string): void;
}

const outcomeIcons: Readonly<Record<Outcome, IconName>> = {
  healthy: 'healthy',
  improved: 'improved',
  'no-effect': 'noEffect',
  worse: 'warning',
  failed: 'error',
  skipped: 'skipped',
};

const outcomeText = (outcome: Outcome): string =>
  ({
    healthy: t('healthy'),
    improved: t('improved'),
    'no-effect': t('no effect'),
    worse: t('worse'),
    failed: t('failed'),
    skipped: t('not tried'),
  })[outcome];

/** Whether it held on other seeds, where it was tried on them. */
function repeated(prescribed: TrialRow['prescribed']): string {
  if (!prescribed || prescribed.seeds.length < 2) return '';
  const seeds = prescribed.seeds.join(', ');
  return prescribed.healthy ? t('Held on seeds {0}.', seeds) : t('Did not hold on seeds {0}.', seeds);
}

const columns = (): readonly { key?: SortKey; head: string; title?: string; class: string }[] => [
  { key: 'rank', head: '#', title: t('Rank'), class: 'number' },
  { key: 'remedy', head: t('Remedy'), class: 'remedy' },
  { key: 'outcome', head: t('Outcome'), class: 'outcome' },
  { key: 'health', head: t('Health'), title: t('Health before → after; 1 is healthy'), class: 'number' },
  {
    key: 'loss',
    head: t('Loss'),
    title: t('Loss before → after, mean of the last tenth of the steps'),
    class: 'number',
  },
  { key: 'time', head: t('Step'), title: t('Step time against that before'), class: 'number' },
  { key: 'weights', head: t('Weights'), title: t('Weights added'), class: 'number' },
  { head: t('Why'), class: 'why' },
];

/**
 * Every trial with its measured effect: a grid with one place in the tab order, in which arrow keys choose a trial.
 * Headings sort.
 */
export class TrialTable {
  readonly element: HTMLElement;
  private readonly body = element('tbody');
  private readonly heads: ReadonlyMap<SortKey, HTMLElement>;
  private rows: readonly TrialRow[] = [];
  private selected: number | undefined;
  private sorting: Sorting = { key: 'rank', descending: false };
  private drawn = '';

  constructor(private readonly events: TrialTableEvents) {
    const heads = new Map<SortKey, HTMLElement>();
    const headings = columns().map(({ key, head, title, class: name }) => {
      const heading = element(
        'th',
        { class: name, attributes: { role: 'columnheader', scope: 'col' } },
        key
          ? element(
              'button',
              {
                class: 'sort',
                attributes: { type: 'button', title: title ?? t('Sort'), 'aria-label': title ?? head },
                on: {
                  click: () => {
                    this.sortBy(key);
                  },
                },
              },
              head,
            )
          : head,
      );
      if (key) heads.set(key, heading);
      return heading;
    });
    this.heads = heads;
    this.element = element(
      'div',
      { class: 'trials-scroll' },
      element(
        'table',
        { class: 'trials', attributes: { role: 'grid', 'aria-label': t('Remedies tried, the best first') } },
        element('thead', {}, element('tr', { attributes: { role: 'row' } }, ...headings)),
        this.body,
      ),
    );
    this.body.addEventListener('keydown', this.pressed);
    this.markSorting();
  }

  /** @param rows ranked, the best first */
  show(rows: readonly TrialRow[], selected: number | undefined): void {
    const key = JSON.stringify([rows.map(({ index, outcome, prescribed }) => [index, outcome, prescribed]), selected]);
    this.rows = rows;
    this.selected = selected;
    if (key === this.drawn) return;
    this.drawn = key;
    this.draw();
  }

  private sortBy(key: SortKey): void {
    this.sorting = { key, descending: this.sorting.key === key && !this.sorting.descending };
    this.markSorting();
    this.draw();
  }

  private markSorting(): void {
    for (const [key, head] of this.heads)
      setAttributes(head, {
        'aria-sort': key !== this.sorting.key ? 'none' : this.sorting.descending ? 'descending' : 'ascending',
      });
  }

  private draw(): void {
    const focused = focusedWithin(this.body) !== undefined;
    const ranks = new Map(this.rows.map(({ index }, place) => [index, place + 1]));
    const rows = sortedRows(this.rows, this.sorting);
    const reachable = rows.some(({ index }) => index === this.selected) ? this.selected : rows[0]?.index;
    this.body.replaceChildren(...rows.map((row) => this.rowOf(row, ranks.get(row.index)!, row.index === reachable)));
    if (focused) this.focusSelected();
  }

  private rowOf(row: TrialRow, rank: number, reachable: boolean): HTMLElement {
    const { index, outcome, why, effect, prescribed } = row;
    const settings = settingsOf(row, t);
    const cell = (name: string, ...content: (Node | string)[]) =>
      element('td', { class: name, attributes: { role: 'gridcell' } }, ...content);
    const measured = (text: string | undefined) => cell('number', text ?? '–');
    const change = (before: string, after: string) => `${before} → ${after}`;
    return element(
      'tr',
      {
        class: `trial outcome-${outcome}`,
        attributes: {
          role: 'row',
          'data-trial': index,
          'aria-selected': String(index === this.selected),
          tabindex: reachable ? 0 : -1,
        },
        on: {
          click: () => {
            this.events.select(index);
          },
        },
      },
      cell('number', String(rank)),
      element(
        'th',
        { class: 'remedy', attributes: { role: 'rowheader', scope: 'row' } },
        ...this.linksOf(row, reachable),
        settings === '' ? undefined : element('span', { class: 'trial-settings' }, settings),
      ),
      cell('outcome', icon(outcomeIcons[outcome]), element('span', {}, outcomeText(outcome))),
      measured(effect && change(effect.healthBefore.toFixed(2), effect.healthAfter.toFixed(2))),
      measured(effect && change(readableNumber(effect.lossBefore), readableNumber(effect.lossAfter))),
      measured(effect && `×${readableNumber(Number(effect.timeStepRatio.toPrecision(2)))}`),
      measured(effect && `${effect.parametersAdded > 0 ? '+' : ''}${readableNumber(effect.parametersAdded)}`),
      cell('why', element('span', { class: 'why-text' }, [why, repeated(prescribed)].filter(Boolean).join(' '))),
    );
  }

  /** The remedies of a trial, each a way to its page of the handbook. */
  private linksOf({ remedies }: TrialRow, reachable: boolean): (Node | string)[] {
    return remedies.flatMap(({ id }, place) => [
      ...(place > 0 ? [' + '] : []),
      element(
        'button',
        {
          class: 'link',
          attributes: { type: 'button', tabindex: reachable ? 0 : -1, title: t('Read about {0} in the handbook', id) },
          on: {
            click: (event) => {
              event.stopPropagation();
              this.events.explain(id);
            },
          },
        },
        id,
      ),
    ]);
  }

  private readonly pressed = (event: KeyboardEvent): void => {
    const rows = [...this.body.rows];
    const at = rows.findIndex((row) => row === event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const row = rows[Math.min(rows.length - 1, Math.max(0, to))];
    if (!row) return;
    row.focus();
    this.events.select(Number(row.dataset.trial));
  };

  private focusSelected(): void {
    this.body.querySelector<HTMLElement>('tr[tabindex="0"]')?.focus();
  }
}
