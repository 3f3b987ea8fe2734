import { runColor } from '../charts/colors';
import { RunSeries } from '../charts/run-series';
import type { Theme } from '../charts/theme';
import { element } from '../ui/dom';
import { t } from '../ui/l10n';
import { textButton } from '../ui/widgets';
import { readableNumber } from '../../extension/panel/readable-number';
import {
  layoutOf,
  type PrescribeOutput,
  type StoredPrescription,
  type StoredTrial,
} from '../../extension/protocol/notebook-output';
import { CurvesCard, lineOf } from './curves-card';
import type { OutputView, Surroundings } from './surroundings';
import { tableOf } from './table';

/** Prescriptions shown with buttons; the others are in the table. */
const shownPrescriptions = 3;

/** What helps, with the buttons that carry it out, and every trial with what it measured. */
export class PrescribeView implements OutputView<PrescribeOutput> {
  readonly element = element('div', { class: 'output' });
  private readonly status = element('p', { class: 'status', attributes: { role: 'status' } });
  private readonly prescriptions = element('div', { class: 'output' });
  private readonly table = element('div');
  private curves: CurvesCard | undefined;
  private output: PrescribeOutput | undefined;

  constructor(private readonly surroundings: Surroundings) {
    this.element.append(this.status, this.prescriptions, this.table);
  }

  show(output: PrescribeOutput): void {
    this.output = output;
    const { run, trials, prescriptions, baseline } = output;
    const sick = baseline?.findings.some(({ severity }) => severity !== 'information') ?? true;
    this.status.textContent = !prescriptions
      ? t('{0}: {1} trials so far', run, trials.length)
      : !sick
        ? t('{0} is healthy: there is nothing to mend.', run)
        : prescriptions.length === 0
          ? t('{0}: nothing of {1} trials helps.', run, trials.length)
          : t('{0}: {1} of {2} trials help.', run, prescriptions.length, trials.length);
    this.prescriptions.replaceChildren(
      ...(prescriptions ?? []).slice(0, shownPrescriptions).map((one) => this.prescriptionOf(one)),
    );
    this.table.replaceChildren(
      ...(trials.length > 0
        ? [
            tableOf(
              t('Trials'),
              [
                { head: t('Trial') },
                { head: t('Outcome') },
                { head: t('Health'), number: true },
                { head: t('Loss'), number: true },
                { head: t('Step time'), number: true },
                { head: t('Why') },
              ],
              trials.map((trial) => ({ cells: cellsOf(trial) })),
            ),
          ]
        : []),
    );
    this.draw();
  }

  setTheme(theme: Theme): void {
    this.curves?.setTheme(theme);
    this.draw();
  }

  private draw(): void {
    const { baseline, prescriptions = [], run } = this.output ?? {};
    if (!baseline || run === undefined) return;
    if (!this.curves) {
      this.curves = new CurvesCard(this.surroundings, run);
      this.element.append(this.curves.element);
    }
    const { kind } = this.surroundings.theme;
    const losses = RunSeries.of(layoutOf(baseline), baseline.series).stepSeries('loss');
    this.curves.show([
      { label: run, color: runColor(0, kind), ...losses, width: 2 },
      ...prescriptions
        .slice(0, shownPrescriptions)
        .flatMap((one, i) => (one.losses ? [lineOf(one.losses, nameOf(one), runColor(i + 1, kind))] : [])),
    ]);
  }

  private prescriptionOf(prescription: StoredPrescription): HTMLElement {
    const { send, canApply } = this.surroundings;
    const { healthy, seeds, why, remedies, learningRateFactor, effect } = prescription;
    const run = this.output!.run;
    const uses = { run, remedies, learningRateFactor };
    return element(
      'section',
      { class: `prescription${healthy ? '' : ' partial'}`, attributes: { 'aria-label': nameOf(prescription) } },
      element('strong', {}, nameOf(prescription)),
      element('p', {}, why),
      element(
        'p',
        { class: 'note' },
        [
          effect
            ? t('loss {0} → {1}', readableNumber(Number(effect.lossBefore)), readableNumber(Number(effect.lossAfter)))
            : '',
          healthy ? t('healthy on seeds {0}', seeds.join(', ')) : t('better, not healthy'),
        ]
          .filter(Boolean)
          .join(' · '),
      ),
      send &&
        element(
          'div',
          { class: 'actions' },
          textButton(
            t('Insert Cell'),
            () => {
              send({ type: 'insertCell', ...uses });
            },
            'primary',
          ),
          canApply
            ? textButton(t('Apply to Source'), () => {
                send({ type: 'apply', ...uses });
              })
            : undefined,
        ),
    );
  }
}

const nameOf = ({ remedies, learningRateFactor }: StoredTrial): string => {
  const name = remedies.map(({ id }) => id).join(' + ');
  return learningRateFactor === 1 ? name : t('{0} at learning rate ×{1}', name, learningRateFactor);
};

const cellsOf = (trial: StoredTrial): string[] => [
  nameOf(trial),
  trial.outcome,
  trial.effect ? Number(trial.effect.healthAfter).toFixed(2) : '',
  trial.effect ? readableNumber(Number(trial.effect.lossAfter)) : '',
  trial.effect ? `×${Number(trial.effect.timeStepRatio).toFixed(2)}` : '',
  trial.why,
];
