import * as vscode from 'vscode';
import type { Finding } from '../protocol/finding';
import { rowWidth, type Run, type RunEnd, type RunHeader, type StepChunk } from '../protocol/run';
import { RowBuffer } from '../protocol/row-buffer';
import type { RunRecord, RunStore } from './run-store';

/** Runs whose rows stay in memory besides the one that is running: as many as the panel compares, and one more. */
const cachedRuns = 8;
/** While a run goes on its findings are renewed this often, or so rarely that it takes this share of the time. */
const diagnosisMilliseconds = 1000;
const diagnosisShare = 0.1;

export interface StepsAdded {
  run: RunRecord;
  chunk: StepChunk;
}

/** The runs of this workspace: the one owner of their data. Views listen and ask. */
export class RunLibrary implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly added = new vscode.EventEmitter<StepsAdded>();
  private readonly selection = new vscode.EventEmitter<RunRecord | undefined>();
  /** A run was added, renamed, removed, judged anew or has ended. */
  readonly onDidChange = this.changed.event;
  readonly onDidAddSteps = this.added.event;
  readonly onDidSelect = this.selection.event;

  private records: RunRecord[] = [];
  private readonly buffers = new Map<string, RowBuffer>();
  private readonly nextDiagnosis = new Map<string, number>();
  private current: RunRecord | undefined;
  private loading: Promise<void> | undefined;

  constructor(
    private readonly store: RunStore,
    private readonly diagnose: (run: Run) => readonly Finding[],
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Reads the workspace's runs, once. */
  load(): Promise<void> {
    this.loading ??= this.store
      .list({ kind: 'stopped', reason: vscode.l10n.t('The window was closed or reloaded during the run.') })
      .then((records) => {
        this.records = records;
        this.select(records[0]);
        this.changed.fire();
      });
    return this.loading;
  }

  /** The newest first. */
  get runs(): readonly RunRecord[] {
    return this.records;
  }

  /** The run that the views show. */
  get selected(): RunRecord | undefined {
    return this.current;
  }

  find(id: string): RunRecord | undefined {
    return this.records.find((record) => record.id === id);
  }

  select(record: RunRecord | undefined): void {
    if (record === this.current) return;
    this.current = record;
    this.selection.fire(record);
  }

  async begin(name: string, header: RunHeader): Promise<RunRecord> {
    await this.load();
    const record = await this.store.create(name, header);
    this.records = [record, ...this.records];
    this.buffers.set(record.id, new RowBuffer(rowWidth(header.layout)));
    this.select(record);
    this.changed.fire();
    return record;
  }

  append(run: RunRecord, chunk: StepChunk): void {
    const buffer = this.buffers.get(run.id);
    if (!buffer) return;
    buffer.append(chunk);
    run.steps = buffer.steps;
    this.store.append(run, chunk).catch((error: unknown) => {
      this.log.error(`Steps of ${run.name} could not be stored: ${String(error)}`);
    });
    this.added.fire({ run, chunk });
    if (Date.now() >= (this.nextDiagnosis.get(run.id) ?? 0)) {
      this.judge(run, buffer);
      this.changed.fire();
    }
  }

  async finish(run: RunRecord, end: RunEnd): Promise<void> {
    run.end = end;
    const buffer = this.buffers.get(run.id);
    if (buffer) this.judge(run, buffer);
    this.nextDiagnosis.delete(run.id);
    this.changed.fire();
    await this.store.update(run);
    const removed = new Set(await this.store.prune(this.records));
    if (removed.size > 0) {
      this.records = this.records.filter(({ id }) => !removed.has(id));
      this.changed.fire();
    }
    this.forgetOldRows();
  }

  /** A run with its rows, read from disk if need be. The rows are a view: copy what must outlive the next step. */
  async read(record: RunRecord): Promise<Run> {
    let buffer = this.buffers.get(record.id);
    if (!buffer) {
      buffer = new RowBuffer(rowWidth(record.header.layout), await this.store.readRows(record));
      this.buffers.set(record.id, buffer);
      this.forgetOldRows();
    }
    return asRun(record, buffer);
  }

  async rename(record: RunRecord, name: string): Promise<void> {
    record.name = name;
    this.changed.fire();
    await this.store.update(record);
  }

  async remove(record: RunRecord): Promise<void> {
    this.records = this.records.filter((other) => other !== record);
    this.buffers.delete(record.id);
    if (this.current === record) this.select(this.records[0]);
    this.changed.fire();
    await this.store.remove(record.id);
  }

  dispose(): void {
    this.changed.dispose();
    this.added.dispose();
    this.selection.dispose();
  }

  private judge(run: RunRecord, buffer: RowBuffer): void {
    const begin = Date.now();
    run.findings = this.diagnose(asRun(run, buffer));
    const end = Date.now();
    this.nextDiagnosis.set(run.id, end + Math.max(diagnosisMilliseconds, (end - begin) / diagnosisShare));
  }

  private forgetOldRows(): void {
    const idle = [...this.buffers.keys()].filter((id) => this.find(id)?.end !== undefined && id !== this.current?.id);
    for (const id of idle.slice(0, Math.max(0, idle.length - cachedRuns))) this.buffers.delete(id);
  }
}

const asRun = ({ header, end }: RunRecord, { steps, rows }: RowBuffer): Run => ({ header, steps, rows, end });
