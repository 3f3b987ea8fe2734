import { element, focusedWithin, uniqueId } from './dom';
import { t } from './l10n';
import { iconButton } from './widgets';
import { readableNumber } from '../../extension/panel/readable-number';
import type { FigureTable } from '../charts/csv';

const page = { rows: 25, columns: 8 };

/** The numbers of a figure as a table, a page at a time: what the chart shows, for who cannot or will not see it. */
export class DataTable {
  readonly element = element('div', { class: 'data-table' });
  private row = 0;
  private column = 0;
  private table: FigureTable | undefined;
  private title = '';

  show(table: FigureTable, title: string): void {
    this.table = table;
    this.title = title;
    this.row = Math.min(this.row, Math.max(0, table.length - 1));
    this.column = Math.min(this.column, Math.max(0, table.columns.length - 2));
    this.draw();
  }

  private draw(): void {
    const { table } = this;
    if (!table) return;
    const focused = focusedWithin(this.element)?.getAttribute('aria-label');
    const rows = Array.from({ length: Math.min(page.rows, table.length - this.row) }, (_, i) =>
      table.row(this.row + i),
    );
    const columns = [
      0,
      ...Array.from(
        { length: Math.min(page.columns, table.columns.length - 1 - this.column) },
        (_, i) => this.column + 1 + i,
      ),
    ];
    const caption = uniqueId('caption');
    this.element.replaceChildren(
      element(
        'div',
        { class: 'data-table-scroll', attributes: { tabindex: 0, role: 'region', 'aria-labelledby': caption } },
        element(
          'table',
          {},
          element('caption', { attributes: { id: caption } }, this.title),
          element(
            'thead',
            {},
            element('tr', {}, ...columns.map((c) => element('th', { attributes: { scope: 'col' } }, table.columns[c]))),
          ),
          element(
            'tbody',
            {},
            ...rows.map((row) =>
              element(
                'tr',
                {},
                ...columns.map((c, place) =>
                  place === 0
                    ? element('th', { attributes: { scope: 'row' } }, String(row[c] ?? ''))
                    : element(
                        'td',
                        { attributes: { title: row[c] === undefined ? '' : String(row[c]) } },
                        text(row[c]),
                      ),
                ),
              ),
            ),
          ),
        ),
      ),
      element(
        'div',
        { class: 'pager' },
        ...this.pager(t('rows'), this.row, page.rows, table.length, (row) => (this.row = row)),
        ...this.pager(
          t('columns'),
          this.column,
          page.columns,
          table.columns.length - 1,
          (column) => (this.column = column),
        ),
      ),
    );
    if (focused) this.element.querySelector<HTMLElement>(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
  }

  private pager(what: string, first: number, size: number, length: number, go: (first: number) => void): Node[] {
    if (length <= size) return [];
    const turn = (to: number) => {
      go(to);
      this.draw();
    };
    const back = iconButton('previous', t('Previous {0}', what), () => {
      turn(Math.max(0, first - size));
    });
    const on = iconButton('chevron', t('Next {0}', what), () => {
      turn(first + size);
    });
    back.disabled = first === 0;
    on.disabled = first + size >= length;
    return [
      back,
      element('span', {}, t('{0} {1}–{2} of {3}', what, first + 1, Math.min(length, first + size), length)),
      on,
    ];
  }
}

const text = (value: number | string | undefined): string =>
  value === undefined ? '' : typeof value === 'number' ? readableNumber(value) : value;
