import { runColor } from '../charts/colors';
import type { Theme } from '../charts/theme';
import { verdictOf } from '../panel/verdict';
import { element } from '../ui/dom';
import { t } from '../ui/l10n';
import type { CompareOutput, RunOutput } from '../../extension/protocol/notebook-output';
import { differences } from '../../extension/protocol/run-differences';
import { unpackFloats } from '../../extension/protocol/stored-series';
import { readableNumber } from '../../extension/panel/readable-number';
import { LayerChoice } from './layer-choice';
import { RunCharts } from './run-charts';
import type { OutputView, Surroundings } from './surroundings';
import { tableOf } from './table';

/** Runs side by side: what came out, what differs and nothing else, and their curves on the same axes. */
export class CompareView implements OutputView<CompareOutput> {
  readonly element: HTMLElement;
  private readonly charts: RunCharts;
  private readonly table = element('div');
  private readonly outdated = element('div');
  private readonly layer: LayerChoice;
  private output: CompareOutput | undefined;

  constructor(private readonly surroundings: Surroundings) {
    this.charts = new RunCharts(surroundings, (layer) => {
      this.layer.show(layer);
    });
    this.layer = new LayerChoice(surroundings, (layer) => {
      this.charts.pick(layer);
    });
    this.element = element(
      'div',
      { class: 'output' },
      this.table,
      this.outdated,
      this.layer.element,
      this.charts.element,
    );
  }

  show(output: CompareOutput): void {
    this.output = output;
    const { runs, outdated } = output;
    this.draw();
    this.outdated.replaceChildren(
      ...outdated.map((name) => element('p', { class: 'note' }, t('{0}: its cell has changed since this run.', name))),
    );
    if (runs[0]) this.layer.showRun(runs[0]);
    this.charts.show(runs);
  }

  setTheme(theme: Theme): void {
    this.charts.setTheme(theme);
    this.draw();
  }

  private draw(): void {
    const runs = this.output?.runs ?? [];
    const different = differences(runs);
    this.table.replaceChildren(
      tableOf(
        t('Runs compared'),
        [
          { head: t('Run') },
          { head: t('Verdict') },
          { head: t('Last loss'), number: true },
          { head: t('Steps'), number: true },
          ...different.map(({ path }) => ({ head: path, number: true })),
        ],
        runs.map((run, slot) => ({
          color: runColor(slot, this.surroundings.theme.kind),
          cells: [
            run.name,
            verdictText(run),
            readableNumber(lastLoss(run)),
            String(run.steps),
            ...different.map(({ values }) => values[slot] ?? '—'),
          ],
        })),
      ),
    );
  }
}

const lastLoss = ({ series }: RunOutput): number =>
  (series.ofStep.loss === undefined ? undefined : unpackFloats(series.ofStep.loss).at(-1)) ?? NaN;

function verdictText({ name, timeStarted, steps, end, findings, settings }: RunOutput): string {
  const counted = findings.filter(({ severity }) => severity !== 'information');
  return counted.length > 0
    ? counted.map(({ symptom }) => symptom).join(', ')
    : verdictOf({ id: '', name, startedAt: timeStarted, steps, end, findings }, settings.steps, t).headline;
}
