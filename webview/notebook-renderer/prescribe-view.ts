import { runColor } from '../charts/colors';
import { RunSeries } from '../charts/run-series';
import type { Theme } from '../charts/theme';
import { TrialTable } from '../prescription/trial-table';
import { offeredRow, type TrialRow } from '../prescription/trial-row';
import { refusalText, trialText } from '../prescription/trial-text';
import { element } from '../ui/dom';
import { icon } from '../ui/icons';
import { t } from '../ui/l10n';
import { textButton } from '../ui/widgets';
import { panelSearch } from '../../extension/panel/panel-search';
import { layoutOf, type PrescribeOutput, type StoredTrial } from '../../extension/protocol/notebook-output';
import { unpackEffect } from '../../extension/protocol/panel-messages';
import { searchOf } from '../../extension/protocol/stored-search';
import type { HostToRenderer } from '../../extension/protocol/renderer-messages';
import { trialName } from '../../extension/protocol/trial-ranking';
import { CurvesCard, lineOf } from './curves-card';
import type { OutputView, Surroundings } from './surroundings';

/** So many prescriptions have their losses drawn beside the run's, and the trial that is chosen. */
const drawnPrescriptions = 3;

/** The table of trials that the panel has, what the chosen one came to with the buttons that carry it out, and losses. */
export class PrescribeView implements OutputView<PrescribeOutput> {
  readonly element = element('div', { class: 'output' });
  private readonly status = element('p', { class: 'status', attributes: { role: 'status' } });
  private readonly details = element('div', { class: 'winner', attributes: { role: 'group' } });
  private readonly table: TrialTable;
  private curves: CurvesCard | undefined;
  private output: PrescribeOutput | undefined;
  private rows: readonly TrialRow[] = [];
  /** Why prescriptions cannot be written into the source; undefined until the host has said so. */
  private refused: ReadonlyMap<number, string> | undefined;
  private asked: string | undefined;
  /** The user's choice; the best otherwise. */
  private chosen: number | undefined;

  constructor(private readonly surroundings: Surroundings) {
    this.table = new TrialTable({
      select: (index) => {
        this.chosen = index;
        this.draw();
      },
      explain: (remedy) => {
        surroundings.send?.({ type: 'explainRemedy', remedy });
      },
    });
    this.element.append(this.status, this.details, this.table.element);
  }

  show(output: PrescribeOutput): void {
    if (this.output && output.trials.length < this.output.trials.length) this.chosen = undefined;
    this.output = output;
    const { timeStarted, prescriptions } = output;
    if (prescriptions && this.asked !== timeStarted) {
      this.asked = timeStarted;
      this.refused = undefined;
      this.surroundings.send?.({ type: 'refusals', timeStarted });
    }
    this.status.textContent = statusOf(output);
    this.readRows(output);
  }

  receive(message: HostToRenderer): void {
    if (message.type !== 'refusals' || message.timeStarted !== this.output?.timeStarted) return;
    this.refused = new Map(message.reasons);
    this.readRows(this.output);
  }

  private readRows(output: PrescribeOutput): void {
    const applicable = ({ outcome }: Pick<StoredTrial, 'outcome'>) =>
      this.refused !== undefined && isApplicable(output, outcome);
    const { trials } = panelSearch(searchOf(output), undefined, applicable, this.refused);
    this.rows = trials.map((trial) => ({ ...trial, effect: trial.effect && unpackEffect(trial.effect) }));
    this.draw();
  }

  setTheme(theme: Theme): void {
    this.curves?.setTheme(theme);
    this.draw();
  }

  private draw(): void {
    const { rows } = this;
    const best = rows.find(({ effect }) => effect);
    const selected = rows.find(({ index }) => index === this.chosen) ?? offeredRow(rows) ?? best;
    this.table.element.hidden = rows.length === 0;
    this.table.show(rows, selected?.index);
    // While trials go on the best may not be the best for long.
    const shown = this.output?.prescriptions ? selected : undefined;
    this.details.hidden = shown === undefined;
    if (shown) this.drawDetails(shown, shown === best);
    this.drawCurves(selected?.index);
  }

  private drawDetails(row: TrialRow, best: boolean): void {
    const { send } = this.surroundings;
    const { run, timeStarted } = this.output!;
    const { remedies, learningRateFactor, outcome, prescribed, applicable, refused } = row;
    const refusal = refusalText(row, this.rows);
    this.details.className = `winner outcome-${outcome}`;
    this.details.setAttribute('aria-label', trialName(row));
    const parts = [
      icon(prescribed ? (prescribed.healthy ? 'healthy' : 'improved') : 'information'),
      element('p', {}, trialText(row, best)),
      refusal === undefined ? undefined : element('p', { class: 'refusal' }, refusal),
      send && outcome !== 'skipped'
        ? element(
            'div',
            { class: 'winner-actions' },
            textButton(
              t('Insert Cell'),
              () => {
                send({ type: 'insertCell', run, remedies, learningRateFactor });
              },
              'primary',
            ),
            applicable && refused === undefined
              ? textButton(t('Apply to source'), () => {
                  send({ type: 'apply', timeStarted, remedies, learningRateFactor, outcome });
                })
              : undefined,
          )
        : undefined,
    ];
    this.details.replaceChildren(...parts.filter((part) => part !== undefined));
  }

  private drawCurves(selected: number | undefined): void {
    const { baseline, prescriptions = [], trials, run } = this.output!;
    if (!baseline) return;
    if (!this.curves) {
      this.curves = new CurvesCard(this.surroundings, run);
      this.element.append(this.curves.element);
    }
    const { kind } = this.surroundings.theme;
    const losses = RunSeries.of(layoutOf(baseline), baseline.series).stepSeries('loss');
    const drawn: StoredTrial[] = prescriptions.slice(0, drawnPrescriptions);
    const chosen = selected === undefined ? undefined : trials[selected];
    if (chosen && !drawn.some((one) => trialName(one) === trialName(chosen))) drawn.push(chosen);
    this.curves.show([
      { label: run, color: runColor(0, kind), ...losses, width: 2 },
      ...drawn.flatMap((one, i) => (one.losses ? [lineOf(one.losses, trialName(one), runColor(i + 1, kind))] : [])),
    ]);
  }
}

/** Whether it can be told which source the model comes from, and there is something to write into it. */
const isApplicable = ({ baseline }: PrescribeOutput, outcome: StoredTrial['outcome']): boolean =>
  baseline !== undefined &&
  outcome !== 'failed' &&
  outcome !== 'skipped' &&
  (baseline.settings.capture !== undefined || baseline.layers.some(({ source }) => source !== undefined));

function statusOf({ run, trials, prescriptions, baseline }: PrescribeOutput): string {
  const sick = baseline?.findings.some(({ severity }) => severity !== 'information') ?? true;
  if (!prescriptions) return t('{0}: {1} trials so far', run, trials.length);
  if (!sick) return t('{0} is healthy: there is nothing to mend.', run);
  return prescriptions.length === 0
    ? t('{0}: nothing of {1} trials helps.', run, trials.length)
    : t('{0}: {1} of {2} trials help.', run, prescriptions.length, trials.length);
}
