/** A run while it grows, and what its cell shows of it. */
import { diagnose } from '../../diagnosis/diagnose';
import type { Finding } from '../../protocol/finding';
import { outputSchema, type Provenance, type RunOutput } from '../../protocol/notebook-output';
import { packFinding } from '../../protocol/panel-messages';
import { RowBuffer } from '../../protocol/row-buffer';
import { rowWidth, type Run, type RunEnd, type RunHeader, type StepChunk } from '../../protocol/run';
import { RunSeries } from '../../../webview/charts/run-series';
import { stopwatch } from './live';
import { relativeLayer } from './provenance';
import { storeSeries } from '../store-series';

/** What the series of one run may take in a file; with all else an output stays under 2 MB. */
export const fileBytes = 1.25e6;
/** A live output travels to its renderer again and again. */
const liveBytes = 2.5e5;

export class Recorder {
  private readonly rows: RowBuffer;
  private readonly series: RunSeries;
  private timeSteps = 0;
  private readonly sinceHeader = stopwatch();
  end: RunEnd | undefined;

  constructor(
    readonly header: RunHeader,
    private readonly name: string,
    readonly provenance: Provenance,
    private readonly started: string,
    private readonly elapsed: () => number,
    private readonly folder: string,
  ) {
    this.rows = new RowBuffer(rowWidth(header.layout));
    this.series = new RunSeries(header.layout);
  }

  add(chunk: StepChunk): void {
    this.timeSteps = this.sinceHeader();
    this.rows.append(chunk);
    const steps = Int32Array.from({ length: chunk.count }, (_, i) => chunk.firstStep + i);
    this.series.appendAtOnce({ steps, rows: chunk.rows });
  }

  get run(): Run {
    return { header: this.header, steps: this.rows.steps, rows: this.rows.rows, end: this.end };
  }

  findings(): Finding[] {
    return diagnose(this.run);
  }

  /** @param bytes what its series may take; while the run goes on, little */
  output(bytes = this.end ? fileBytes : liveBytes): RunOutput {
    const { layout, notes } = this.header;
    return {
      schema: outputSchema,
      kind: 'run',
      name: this.name,
      ...this.provenance,
      layers: layout.layers.map((layer) => relativeLayer(layer, this.folder)),
      throughTime: layout.throughTime.map(({ layer, length }) => ({ layer, length })),
      weights: layout.parameters.reduce((sum, { size, trainable }) => sum + (trainable ? size : 0), 0),
      steps: this.rows.steps,
      findings: this.findings().map(packFinding),
      notes,
      ...(this.end ? { end: this.end } : {}),
      timeStarted: this.started,
      timeElapsed: this.elapsed(),
      timeSteps: this.timeSteps,
      series: storeSeries(this.series, bytes),
    };
  }
}
