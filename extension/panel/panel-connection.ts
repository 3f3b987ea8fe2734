import * as vscode from 'vscode';
import {
  comparedRuns,
  packCurves,
  packFinding,
  type HostToPanel,
  type PanelRun,
  type PanelToHost,
} from '../protocol/panel-messages';
import { rowWidth } from '../protocol/run';
import type { FrozenLayers } from './frozen-layers';
import type { RunLibrary } from './run-library';
import type { RunRecord } from './run-store';
import type { SearchLibrary } from './search-library';
import { panelSearch } from './panel-search';
import { refusedPrescriptions, type SourceEdits } from './source-edits';
import { rowBudget, sampleRows, strideFor } from './sampling';

/** New steps are sent this often: fast enough to look alive, slow enough to draw in between. */
const deltaMilliseconds = 100;

/** What a panel asks for that is not about data. */
export type PanelRequest = Exclude<PanelToHost, { type: 'ready' | 'watch' | 'window' | 'select' | 'curves' }>;

/** Where what the panel shows comes from. */
export interface PanelSources {
  library: RunLibrary;
  searches: SearchLibrary;
  frozen: FrozenLayers;
  edits?: SourceEdits;
}

/** What the panel holds of a run. */
interface Sent {
  /** Steps that its samples cover. */
  covered: number;
  stride: number;
}

/** Keeps one webview, a panel in the side bar or in an editor, supplied with the runs it shows. */
export class PanelConnection implements vscode.Disposable {
  private readonly subscriptions: readonly { dispose(): unknown }[];
  private watched: readonly string[] = [];
  private readonly sent = new Map<string, Sent>();
  private ready = false;
  private timer: NodeJS.Timeout | undefined;
  /** Answers may come in another order than questions. */
  private searchesAsked = 0;
  private sending: Promise<void> = Promise.resolve();
  /** What was asked to be shown before the panel was ready. */
  private waiting: HostToPanel[] = [];

  constructor(
    private readonly webview: vscode.Webview,
    private readonly sources: PanelSources,
    private readonly handle: (request: PanelRequest) => void,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const { library, frozen, searches } = sources;
    this.subscriptions = [
      webview.onDidReceiveMessage((message: PanelToHost) => {
        this.receive(message);
      }),
      library.onDidChange(() => {
        this.sendRuns();
      }),
      library.onDidSelect((run) => {
        if (run) this.watched = [run.id, ...this.watched.filter((id) => id !== run.id)].slice(0, comparedRuns);
        this.sendRuns();
        this.sendFrozen();
        this.sendSearch();
        this.sendSoon();
      }),
      searches.onDidChange((run) => {
        if (run === library.selected) this.sendSearch();
      }),
      frozen.onDidChange(() => {
        this.sendFrozen();
      }),
      library.onDidAddSteps(({ run }) => {
        if (this.watched.includes(run.id)) this.sendSoon();
      }),
    ];
  }

  /** Points out layers in the panel, now or as soon as it is there. */
  show(layers: readonly string[], isolate: boolean): void {
    this.postWhenReady({ type: 'show', layers, isolate });
  }

  /** Lays runs beside the selected one. */
  compare(ids: readonly string[]): void {
    this.postWhenReady({ type: 'compare', ids });
  }

  private postWhenReady(message: HostToPanel): void {
    if (this.ready) this.post(message);
    else this.waiting = [message];
  }

  /** The page is gone while its view is hidden; it says `ready` when it comes back. */
  hidden(): void {
    this.ready = false;
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private receive(message: PanelToHost): void {
    switch (message.type) {
      case 'ready':
        this.ready = true;
        this.sent.clear();
        this.post({ type: 'hello', language: vscode.env.language, texts: translations() });
        void this.sources.library.load().then(() => {
          const { selected } = this.sources.library;
          if (selected && !this.watched.includes(selected.id)) this.watched = [selected.id];
          this.sendRuns();
          this.sendFrozen();
          this.sendSearch();
          this.sendSoon(0);
          for (const waiting of this.waiting.splice(0)) this.post(waiting);
        });
        break;
      case 'watch':
        this.watched = message.ids.slice(0, comparedRuns);
        for (const id of this.sent.keys()) if (!this.watched.includes(id)) this.sent.delete(id);
        this.sendSoon(0);
        break;
      case 'window':
        void this.sendWindow(message.id, message.firstStep, message.count);
        break;
      case 'curves':
        void this.sendCurves(message.id, message.trial);
        break;
      case 'select':
        this.sources.library.select(this.sources.library.find(message.id));
        break;
      default:
        this.handle(message);
    }
  }

  private sendRuns(): void {
    if (!this.ready) return;
    for (const id of [...this.sent.keys()])
      if (!this.sources.library.find(id)) {
        this.sent.delete(id);
        this.post({ type: 'clear', id });
      }
    this.post({
      type: 'runs',
      runs: this.sources.library.runs.map(panelRun),
      selected: this.sources.library.selected?.id,
    });
  }

  private sendFrozen(): void {
    const model = this.sources.library.selected?.header.settings.model;
    if (this.ready) this.post({ type: 'frozen', layers: model === undefined ? [] : this.sources.frozen.of(model) });
  }

  private sendSearch(): void {
    const { library, searches, edits } = this.sources;
    const run = library.selected;
    if (!this.ready || !run) return;
    const asked = ++this.searchesAsked;
    void searches.of(run).then(async (search) => {
      // While trials go on none is offered yet.
      const refused = search?.end && edits ? await refusedPrescriptions(edits, run, search) : undefined;
      if (run !== library.selected || asked !== this.searchesAsked) return;
      this.post({
        type: 'search',
        id: run.id,
        ...(search && {
          search: panelSearch(search, searches.upcoming(run), (trial) => edits?.known(run, trial) ?? false, refused),
        }),
      });
    });
  }

  private async sendCurves(id: string, trial: number): Promise<void> {
    const run = this.sources.library.find(id);
    const search = run && (await this.sources.searches.of(run));
    const after = search?.trials[trial]?.curves;
    if (search?.baseline && after)
      this.post({ type: 'curves', id, trial, before: packCurves(search.baseline), after: packCurves(after) });
  }

  private sendSoon(milliseconds = deltaMilliseconds): void {
    if (milliseconds === 0) {
      clearTimeout(this.timer);
      this.timer = undefined;
    }
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.sending = this.sending
        .then(() => this.sendRows())
        .catch((error: unknown) => {
          this.log.error(`The gradient panel could not be filled: ${String(error)}`);
        });
    }, milliseconds);
  }

  private async sendRows(): Promise<void> {
    if (!this.ready) return;
    for (const id of this.watched) {
      const record = this.sources.library.find(id);
      if (record) await this.sendRun(record);
    }
    // How far they are.
    this.sendRuns();
  }

  private async sendRun(record: RunRecord): Promise<void> {
    const { header, rows, steps } = await this.sources.library.read(record);
    const width = rowWidth(header.layout);
    const stride = strideFor(steps, rowBudget(width));
    const before = this.sent.get(record.id);
    const follows = before !== undefined && before.stride === stride;
    const from = follows ? before.covered : 0;
    // A stretch is sampled when it is complete; the last one of an ended run is as complete as it gets.
    const to = record.end ? steps : steps - (steps % stride);
    if (follows && to <= from) return;
    const { id } = record;
    const sampled = sampleRows(rows, width, from, to, stride);
    this.sent.set(id, { covered: to, stride });
    if (follows) this.post({ type: 'delta', id, ...sampled });
    else this.post({ type: 'full', id, header, ...sampled });
  }

  private async sendWindow(id: string, firstStep: number, count: number): Promise<void> {
    const record = this.sources.library.find(id);
    if (!record) return;
    const { header, rows, steps } = await this.sources.library.read(record);
    const width = rowWidth(header.layout);
    const first = Math.max(0, Math.min(firstStep, steps));
    const last = Math.min(steps, first + Math.min(count, rowBudget(width)));
    this.post({ type: 'window', id, firstStep: first, rows: rows.slice(first * width, last * width) });
  }

  private post(message: HostToPanel): void {
    void this.webview.postMessage(message);
  }
}

const panelRun = ({ id, name, startedAt, steps, end, findings }: RunRecord): PanelRun => ({
  id,
  name,
  startedAt,
  steps,
  end,
  findings: findings.map(packFinding),
});

/** The texts of the editor's language, by their English originals. */
const translations = (): Readonly<Record<string, string>> => vscode.l10n.bundle ?? {};
