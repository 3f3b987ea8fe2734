import type { Theme } from '../charts/theme';
import { statusOf, verdictOf } from '../panel/verdict';
import { VerdictView } from '../panel/verdict-view';
import { element } from '../ui/dom';
import { t } from '../ui/l10n';
import { textButton } from '../ui/widgets';
import type { RunOutput } from '../../extension/protocol/notebook-output';
import { LayerChoice } from './layer-choice';
import { RunCharts } from './run-charts';
import type { OutputView, Surroundings } from './surroundings';

/** One run: the verdict, what it rests on, its charts, and everything that it depended on. */
export class RunView implements OutputView<RunOutput> {
  readonly element: HTMLElement;
  private readonly charts: RunCharts;
  private readonly status = element('p', { class: 'status', attributes: { role: 'status' } });
  private readonly notes = element('div');
  private readonly provenance = element('p', { class: 'provenance' });
  private readonly verdict: VerdictView;
  private readonly actions = element('div', { class: 'actions' });
  private readonly layer: LayerChoice;
  private readonly prescribe: HTMLElement;
  private output: RunOutput | undefined;

  constructor(surroundings: Surroundings) {
    const { send } = surroundings;
    this.charts = new RunCharts(surroundings, (layer) => {
      this.layer.show(layer);
    });
    this.layer = new LayerChoice(surroundings, (layer) => {
      this.charts.pick(layer);
    });
    this.verdict = new VerdictView({
      showLayers: ([layer]) => {
        this.charts.pick(layer);
        this.layer.show(layer);
      },
      explain: (symptom) => {
        send?.({ type: 'explain', symptom });
      },
    });
    this.prescribe = textButton(t('Insert Cell: Prescribe Remedies'), () => {
      if (this.output) send?.({ type: 'insertPrescribe', run: this.output.name });
    });
    if (send)
      this.actions.append(
        this.prescribe,
        textButton(t('Open in Panel'), () => {
          if (!this.output) return;
          const { timeStarted, modelHash } = this.output;
          send({ type: 'openInPanel', origin: { timeStarted, modelHash } });
        }),
      );
    this.element = element(
      'div',
      { class: 'output' },
      this.status,
      this.verdict.element,
      this.layer.element,
      this.charts.element,
      this.notes,
      element('details', { class: 'more' }, element('summary', {}, t('What this run depended on')), this.provenance),
      this.actions,
    );
  }

  show(output: RunOutput): void {
    this.output = output;
    const { name, steps, end, findings, timeStarted, settings, notes } = output;
    const run = { id: '', name, startedAt: timeStarted, steps, end, findings };
    this.status.textContent = `${name}: ${statusOf(run, settings.steps, t)}`;
    this.verdict.show(verdictOf(run, settings.steps, t));
    this.layer.showRun(output);
    this.charts.show([output]);
    this.notes.replaceChildren(...notesOf(notes));
    this.provenance.replaceChildren(
      ...dependencies(output).flatMap((line) => [document.createTextNode(line), document.createElement('br')]),
    );
    this.actions.hidden = end === undefined;
    this.prescribe.hidden = findings.every(({ severity }) => severity === 'information');
  }

  setTheme(theme: Theme): void {
    this.charts.setTheme(theme);
  }
}

/** Some remedies tell something of every layer: those who want to read it open it. */
const mostNotes = 3;

function notesOf(notes: readonly string[]): HTMLElement[] {
  const shown = notes.map((note) => element('p', { class: 'note' }, note));
  return shown.length <= mostNotes
    ? shown
    : [element('details', { class: 'more' }, element('summary', {}, t('{0} notes', shown.length)), ...shown)];
}

function dependencies({
  model,
  modelHash,
  dataHash,
  provider,
  settings,
  versions,
  platform,
  uncertain,
}: RunOutput): string[] {
  const { data, seed, threads } = settings;
  return [
    t('Model {0}, SHA-256 {1}', model, modelHash),
    data.kind === 'file'
      ? t('Data {0}, SHA-256 {1}', data.path, dataHash ?? '?')
      : t('Synthetic data, drawn from the seed'),
    t('Provider {0}, {1} threads, seed {2}', provider, threads, seed),
    t('Gradient Doctor {0}, ONNX Runtime {1}, {2}', versions.gradientDoctor, versions.onnxRuntime ?? '?', platform),
    uncertain.length === 0
      ? t('Repeats bit for bit on this provider with this number of threads.')
      : t(
          'May differ in the last bits from run to run: {0}',
          uncertain.map(({ op, why }) => `${op} (${why})`).join('; '),
        ),
    JSON.stringify(settings),
  ];
}
