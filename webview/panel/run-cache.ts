import { RunSeries } from '../charts/run-series';
import type { FrameWork } from '../charts/frame-work';
import type { HostToPanel, SampledRows } from '../../extension/protocol/panel-messages';
import type { RunHeader } from '../../extension/protocol/run';

/** What the panel holds of a run. */
export interface CachedRun {
  header: RunHeader;
  series: RunSeries;
}

interface Filling extends CachedRun {
  waiting: SampledRows[];
  busy: boolean;
}

/** The telemetry of the runs that are shown, taken in piece by piece as it arrives. */
export class RunCache {
  private readonly shown = new Map<string, CachedRun>();
  private readonly filling = new Map<string, Filling>();

  /** @param changed called when more of a run is there */
  constructor(
    private readonly work: FrameWork,
    private readonly changed: (id: string) => void,
  ) {}

  get(id: string): CachedRun | undefined {
    return this.shown.get(id);
  }

  has(id: string): boolean {
    return this.filling.has(id);
  }

  receive(message: Extract<HostToPanel, { type: 'full' | 'delta' | 'clear' }>): void {
    switch (message.type) {
      case 'full': {
        const { id, header, steps, rows } = message;
        this.filling.set(id, { header, series: new RunSeries(header.layout), waiting: [], busy: false });
        this.take(id, { steps, rows });
        break;
      }
      case 'delta':
        this.take(message.id, message);
        break;
      case 'clear':
        this.forget(message.id);
    }
  }

  forget(id: string): void {
    this.shown.delete(id);
    this.filling.delete(id);
    this.changed(id);
  }

  private take(id: string, rows: SampledRows): void {
    const run = this.filling.get(id);
    if (!run) return;
    run.waiting.push(rows);
    if (!run.busy) this.fill(id, run);
  }

  private fill(id: string, run: Filling): void {
    const next = run.waiting.shift();
    run.busy = next !== undefined;
    if (!next) return;
    this.work.start(run.series.append(next), () => {
      // A run that was sent anew meanwhile takes the place of this one, which is shown until then.
      if (this.filling.get(id) !== run) return;
      this.shown.set(id, run);
      this.changed(id);
      this.fill(id, run);
    });
  }
}
