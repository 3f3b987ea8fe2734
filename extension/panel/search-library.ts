import * as vscode from 'vscode';
import type { Curves, Search, SearchEnd, Trial, UpcomingTrial } from '../protocol/prescription';
import type { RunRecord, RunStore } from './run-store';
import { baselineLine, firstLine, lastLine, readSearch, trialLine } from './search-file';

/** Searches that stay in memory besides one that goes on. */
const cachedSearches = 8;

/** What was tried on the runs of this workspace: the one owner of their searches. Views listen and ask. */
export class SearchLibrary implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<RunRecord>();
  readonly onDidChange = this.changed.event;
  /** By id of the run; null where nothing was tried. */
  private readonly searches = new Map<string, Search | null>();
  private current: { run: RunRecord; upcoming?: UpcomingTrial } | undefined;

  constructor(
    private readonly store: RunStore,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** The search on a run, read from disk if need be; undefined where nothing was tried. */
  async of(run: RunRecord): Promise<Search | undefined> {
    const known = this.searches.get(run.id);
    if (known !== undefined) return known ?? undefined;
    const text = await this.store.readTrials(run);
    // A search may have begun meanwhile.
    const begun = this.searches.get(run.id);
    if (begun !== undefined) return begun ?? undefined;
    const read =
      text === undefined
        ? undefined
        : readSearch(text, {
            kind: 'stopped',
            reason: vscode.l10n.t('The window was closed or reloaded during the search.'),
          });
    this.searches.set(run.id, read ?? null);
    this.forgetOldSearches();
    return read;
  }

  /** What is being tried on a run at the moment. */
  upcoming(run: RunRecord): UpcomingTrial | undefined {
    return this.current?.run === run ? this.current.upcoming : undefined;
  }

  /** Whether remedies are being tried on a run. */
  goesOn(run: RunRecord): boolean {
    return this.current?.run === run;
  }

  begin(run: RunRecord, budget: number): void {
    this.current = { run };
    this.write(this.store.beginTrials(run, firstLine(budget)));
    this.set(run, { budget, trials: [], prescriptions: [] });
  }

  addBaseline(run: RunRecord, baseline: Curves): void {
    this.write(this.store.appendTrials(run, baselineLine(baseline)));
    this.set(run, { ...this.known(run), baseline });
  }

  announce(run: RunRecord, upcoming: UpcomingTrial): void {
    this.current = { run, upcoming };
    this.changed.fire(run);
  }

  addTrial(run: RunRecord, trial: Trial): void {
    this.write(this.store.appendTrials(run, trialLine(trial)));
    const search = this.known(run);
    this.set(run, { ...search, trials: [...search.trials, trial] });
  }

  /** @param prescriptions the good ones among the trials, best first */
  finish(run: RunRecord, prescriptions: Search['prescriptions'], end: SearchEnd): void {
    this.current = undefined;
    const search = { ...this.known(run), prescriptions, end };
    this.write(this.store.appendTrials(run, lastLine(search, end)));
    this.set(run, search);
    this.forgetOldSearches();
  }

  dispose(): void {
    this.changed.dispose();
  }

  private known(run: RunRecord): Search {
    const search = this.searches.get(run.id);
    if (!search) throw new Error(`There is no search on ${run.name}.`);
    return search;
  }

  private set(run: RunRecord, search: Search): void {
    this.searches.set(run.id, search);
    this.changed.fire(run);
  }

  private write(written: Promise<void>): void {
    written.catch((error: unknown) => {
      this.log.error(`A trial could not be stored: ${String(error)}`);
    });
  }

  private forgetOldSearches(): void {
    const idle = [...this.searches.keys()].filter((id) => id !== this.current?.run.id);
    for (const id of idle.slice(0, Math.max(0, idle.length - cachedSearches))) this.searches.delete(id);
  }
}
