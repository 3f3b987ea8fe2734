import type { TrialCurves } from '../charts/trial-figures';
import { TrialTable } from '../prescription/trial-table';
import { offeredRow, type TrialRow } from '../prescription/trial-row';
import { refusalText, trialText } from '../prescription/trial-text';
import { csvOfTrials } from '../prescription/trials-csv';
import { element } from '../ui/dom';
import { icon } from '../ui/icons';
import { t } from '../ui/l10n';
import { menu } from '../ui/menu';
import { iconButton, textButton } from '../ui/widgets';
import {
  unpackCurves,
  unpackEffect,
  type HostToPanel,
  type PanelSearch,
  type PanelTrial,
} from '../../extension/protocol/panel-messages';
import { trialName } from '../../extension/protocol/trial-ranking';
import { searchStatus } from './search-status';

export interface TrialsEvents {
  prescribe(): void;
  stop(): void;
  explain(remedy: string): void;
  apply(trial: number): void;
  openAsNotebook(trial: number): void;
  /** Asks for the curves of a trial. */
  request(trial: number): void;
  /** The curves to show are others now. */
  curvesChanged(): void;
  save(file: { name: string; content: string }): void;
  /** The whole run with its trials, as the editor writes it. */
  exportRun(): void;
}

export interface TrialsState {
  /** Of the run. */
  id: string;
  name: string;
  /** Whether there is something to mend, and nothing going on that it would have to wait for. */
  treatable: boolean;
}

/** What was tried on the run: a call to try it, then how far it is, then the ranked table and what helps. */
export class TrialsView {
  readonly element: HTMLElement;
  /** Below the table: what the selected trial changed. */
  readonly charts = element('div', { class: 'cards trial-cards' });
  private readonly status = element('p', { class: 'trials-status', attributes: { role: 'status' } });
  private readonly offer = element(
    'div',
    { class: 'trials-offer' },
    element('p', {}, t('Which remedy helps? Each is tried on this model, trained and measured beside it.')),
    textButton(
      t('Prescribe Remedies'),
      () => {
        this.events.prescribe();
      },
      'primary',
    ),
  );
  private readonly again = textButton(t('Try again'), () => {
    this.events.prescribe();
  });
  private readonly stop = iconButton('stop', t('Stop trying'), () => {
    this.events.stop();
  });
  private readonly winner = element('div', { class: 'winner' });
  private readonly table: TrialTable;
  private readonly exportMenu: HTMLElement;
  private state: TrialsState | undefined;
  private searched: string | undefined;
  private search: PanelSearch | undefined;
  private rows: readonly (TrialRow & PanelTrial)[] = [];
  /** What the user chose; the best measured one otherwise. */
  private chosen: number | undefined;
  private requested: string | undefined;
  private received: (TrialCurves & { trial: number }) | undefined;
  private drawnWinner = '';

  constructor(private readonly events: TrialsEvents) {
    this.table = new TrialTable({
      select: (index) => {
        this.chosen = index;
        this.draw();
      },
      explain: (remedy) => {
        events.explain(remedy);
      },
    });
    this.exportMenu = menu(
      iconButton('export', t('Export the trials'), () => undefined),
      [
        {
          label: t('CSV table'),
          run: () => {
            events.save({ name: `${this.state?.name ?? ''} trials.csv`, content: csvOfTrials(this.rows) });
          },
        },
        {
          label: t('Run and trials…'),
          run: () => {
            events.exportRun();
          },
        },
      ],
    );
    const title = element('h2', { attributes: { id: 'trials-title' } }, t('Remedies'));
    this.element = element(
      'section',
      { class: 'trials-view', attributes: { 'aria-labelledby': title.id } },
      element(
        'header',
        {},
        title,
        this.status,
        element(
          'div',
          { class: 'tools', attributes: { role: 'toolbar', 'aria-label': t('Remedies') } },
          this.again,
          this.stop,
          this.exportMenu,
        ),
      ),
      this.offer,
      this.winner,
      this.table.element,
      this.charts,
    );
  }

  /** Of the trial that is selected; undefined until they have come. */
  get curves(): TrialCurves | undefined {
    return this.received && this.received.trial === this.selected ? this.received : undefined;
  }

  /** Another run, or the same in another state. */
  show(state: TrialsState): void {
    this.state = state;
    this.draw();
  }

  receive(message: Extract<HostToPanel, { type: 'search' | 'curves' }>): void {
    if (message.type === 'search') {
      const { id, search } = message;
      // A new search takes the place of an earlier one.
      if (id !== this.searched || (search?.trials.length ?? 0) < this.rows.length) {
        this.chosen = this.requested = this.received = undefined;
        this.events.curvesChanged();
      }
      this.searched = id;
      this.search = search;
      this.rows = (search?.trials ?? []).map((trial) => ({
        ...trial,
        effect: trial.effect && unpackEffect(trial.effect),
      }));
    } else if (message.id === this.searched) {
      const row = this.rows.find(({ index }) => index === message.trial);
      if (!row) return;
      this.received = {
        trial: message.trial,
        name: trialName(row),
        before: unpackCurves(message.before),
        after: unpackCurves(message.after),
      };
      this.events.curvesChanged();
    }
    this.draw();
  }

  private get selected(): number | undefined {
    return this.chosen ?? this.rows.find(({ effect }) => effect)?.index;
  }

  private draw(): void {
    const { state, rows } = this;
    if (!state) return;
    const search = state.id === this.searched ? this.search : undefined;
    const going = search !== undefined && !search.end;
    this.element.hidden = !search && !state.treatable;
    this.offer.hidden = search !== undefined;
    this.table.element.hidden = !search || rows.length === 0;
    this.stop.hidden = !going;
    this.again.hidden = !search?.end || !state.treatable;
    this.exportMenu.hidden = !search || rows.length === 0;
    const status = search ? searchStatus(search, t) : '';
    if (this.status.textContent !== status) this.status.textContent = status;
    this.drawWinner(search);
    if (!search) return;
    this.table.show(rows, this.selected);
    this.requestCurves(search);
  }

  private requestCurves({ trials }: PanelSearch): void {
    const { selected } = this;
    const trial = trials.find(({ index }) => index === selected);
    if (!trial?.effect) {
      if (this.received) {
        this.requested = this.received = undefined;
        this.events.curvesChanged();
      }
      return;
    }
    const key = `${this.searched!} ${trial.index}`;
    if (key === this.requested) return;
    this.requested = key;
    this.events.request(trial.index);
  }

  /** The call to action: what helps, and what can be done about it. */
  private drawWinner(search: PanelSearch | undefined): void {
    const best = search?.end ? offeredRow(this.rows) : undefined;
    const refusal = best && refusalText(best, this.rows);
    const key = JSON.stringify([best, refusal]);
    if (key === this.drawnWinner) return;
    this.drawnWinner = key;
    this.winner.hidden = best === undefined;
    if (!best) return;
    const { index, remedies, applicable, prescribed, refused } = best;
    this.winner.classList.toggle('tone-healthy', prescribed!.healthy);
    this.winner.replaceChildren(
      icon(prescribed!.healthy ? 'healthy' : 'improved'),
      element('p', {}, trialText(best, best === this.rows[0])),
      ...(refusal === undefined ? [] : [element('p', { class: 'refusal' }, refusal)]),
      element(
        'div',
        { class: 'winner-actions' },
        applicable && refused === undefined
          ? textButton(
              t('Apply to source'),
              () => {
                this.events.apply(index);
              },
              'primary',
            )
          : undefined,
        textButton(t('Open as notebook'), () => {
          this.events.openAsNotebook(index);
        }),
        ...remedies.map(({ id }) =>
          textButton(t('Read about {0}', id), () => {
            this.events.explain(id);
          }),
        ),
      ),
    );
  }
}
