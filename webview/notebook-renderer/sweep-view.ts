import { cssColor, depthColor, ramp } from '../charts/colors';
import type { Theme } from '../charts/theme';
import { element } from '../ui/dom';
import { t } from '../ui/l10n';
import { readableNumber } from '../../extension/panel/readable-number';
import type { SweepOutput, SweepPoint } from '../../extension/protocol/notebook-output';
import { CurvesCard, lineOf } from './curves-card';
import type { OutputView, Surroundings } from './surroundings';
import { tableOf } from './table';

/** A sweep: a map of the losses over two of its fields, every combination with its verdict, and the loss curves. */
export class SweepView implements OutputView<SweepOutput> {
  readonly element = element('div', { class: 'output' });
  private readonly status = element('p', { class: 'status', attributes: { role: 'status' } });
  private readonly map = element('div');
  private readonly table = element('div');
  private curves: CurvesCard | undefined;
  private output: SweepOutput | undefined;

  constructor(private readonly surroundings: Surroundings) {
    this.element.append(this.status, this.map, this.table);
  }

  show(output: SweepOutput): void {
    this.output = output;
    const { run, axes, points } = output;
    const total = axes.reduce((size, { values }) => size * values.length, 1);
    this.status.textContent = t('{0}: {1} of {2} runs', run, points.length, total);
    if (!this.curves) {
      this.curves = new CurvesCard(this.surroundings, run);
      this.element.append(this.curves.element);
    }
    this.draw();
  }

  setTheme(theme: Theme): void {
    this.curves?.setTheme(theme);
    this.draw();
  }

  private draw(): void {
    const { output } = this;
    if (!output) return;
    const { axes, points } = output;
    const best = bestOf(points);
    this.map.replaceChildren(...(axes.length > 1 ? [heatMap(output, best)] : []));
    this.table.replaceChildren(
      tableOf(
        t('Every run of the sweep'),
        [
          ...axes.map(({ path }) => ({ head: path })),
          { head: t('Verdict') },
          { head: t('Loss'), number: true },
          { head: t('Gradient, smallest : largest'), number: true },
        ],
        points.map((point, index) => ({
          color: this.colorOf(index),
          best: point === best,
          cells: [
            ...point.values.map(String),
            verdictOfPoint(point),
            readableNumber(Number(point.loss)),
            readableNumber(Number(point.gradientRatio)),
          ],
        })),
      ),
    );
    this.curves?.show(
      points.map(({ values, losses }, index) => lineOf(losses, labelOf(axes, values), this.colorOf(index))),
    );
  }

  private colorOf(index: number): string {
    return depthColor(index, this.output!.points.length, this.surroundings.theme.kind);
  }
}

const labelOf = (axes: SweepOutput['axes'], values: SweepPoint['values']): string =>
  values.map((value, i) => `${axes[i]?.path.split('.').at(-1) ?? ''} ${String(value)}`).join(', ');

const isHealthy = ({ findings, end }: SweepPoint): boolean =>
  end.kind === 'finished' && findings.every(({ severity }) => severity === 'information');

/** The healthy one with the smallest loss, or the one with the smallest loss. */
function bestOf(points: readonly SweepPoint[]): SweepPoint | undefined {
  const healthy = points.filter(isHealthy);
  return (healthy.length > 0 ? healthy : points)
    .filter(({ loss }) => Number.isFinite(Number(loss)))
    .sort((a, b) => Number(a.loss) - Number(b.loss))[0];
}

function verdictOfPoint(point: SweepPoint): string {
  if (point.end.kind === 'failed') return t('failed: {0}', point.end.reason);
  if (isHealthy(point)) return t('healthy');
  const symptoms = point.findings.filter(({ severity }) => severity !== 'information').map(({ symptom }) => symptom);
  return symptoms.join(', ') || (point.end.kind === 'stopped' ? point.end.reason : '');
}

/** The last two fields across each other; where there are more, the best over the others. */
function heatMap({ axes, points }: SweepOutput, best: SweepPoint | undefined): HTMLElement {
  const [down, across] = axes.slice(-2) as [SweepOutput['axes'][number], SweepOutput['axes'][number]];
  const losses = points.map(({ loss }) => Number(loss)).filter(Number.isFinite);
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const cellOf = (row: unknown, column: unknown): HTMLElement => {
    const found = bestOf(points.filter(({ values }) => values.at(-2) === row && values.at(-1) === column));
    if (!found) return element('td', { class: 'bad' }, '—');
    const loss = Number(found.loss);
    const color = ramp(high > low ? (high - loss) / (high - low) : 1);
    const cell = element(
      'td',
      { attributes: { title: verdictOfPoint(found) } },
      `${readableNumber(loss)}${isHealthy(found) ? ' ✓' : ''}${found === best ? ' ★' : ''}`,
    );
    cell.style.setProperty('background-color', cssColor(color));
    // The ramp goes from dark to light.
    cell.style.setProperty('color', luminance(color) > 0.35 ? '#000000' : '#ffffff');
    return cell;
  };
  return element(
    'div',
    { class: 'table-scroll sweep-map' },
    element(
      'table',
      {},
      element('caption', {}, t('Loss by {0} and {1}', down.path, across.path)),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          element('th', { attributes: { scope: 'col' } }, `${down.path} \\ ${across.path}`),
          ...across.values.map((value) => element('th', { attributes: { scope: 'col' } }, String(value))),
        ),
      ),
      element(
        'tbody',
        {},
        ...down.values.map((row) =>
          element(
            'tr',
            {},
            element('th', { attributes: { scope: 'row' } }, String(row)),
            ...across.values.map((column) => cellOf(row, column)),
          ),
        ),
      ),
    ),
  );
}

const luminance = ([red, green, blue]: readonly [number, number, number]): number =>
  (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
