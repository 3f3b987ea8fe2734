import { element, swatch, uniqueId } from '../ui/dom';

export interface TableColumn {
  head: string;
  number?: boolean;
}

export interface TableRow {
  cells: readonly (string | Node)[];
  /** Colour that the row has in the charts. */
  color?: string;
  best?: boolean;
}

/** A table that is read row by row: the first cell names the row. */
export function tableOf(caption: string, columns: readonly TableColumn[], rows: readonly TableRow[]): HTMLElement {
  const id = uniqueId('caption');
  const numeric = (index: number) => (columns[index]?.number ? 'number' : undefined);
  return element(
    'div',
    { class: 'table-scroll', attributes: { tabindex: 0, role: 'region', 'aria-labelledby': id } },
    element(
      'table',
      {},
      element('caption', { attributes: { id } }, caption),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...columns.map(({ head }, i) => element('th', { class: numeric(i), attributes: { scope: 'col' } }, head)),
        ),
      ),
      element(
        'tbody',
        {},
        ...rows.map(({ cells, color, best }) =>
          element(
            'tr',
            { class: best ? 'best' : undefined },
            ...cells.map((cell, i) =>
              i === 0
                ? element('th', { attributes: { scope: 'row' } }, color ? swatch(color) : undefined, cell)
                : element('td', { class: numeric(i) }, cell),
            ),
          ),
        ),
      ),
    ),
  );
}
