/**
 * Runs on disk: `<id>.json` says what is known of a run, `<id>.rows` holds its telemetry as little-endian float32,
 * row-major, appended as the steps come. So a run survives a reload, or a crash, up to its last complete step. What a
 * search for a prescription tried on it lies in `<id>.trials` (search-file.ts).
 */
import { appendFile, mkdir, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Finding } from '../protocol/finding';
import { toJson } from '../protocol/json';
import { packFinding, unpackFinding, type PackedFinding } from '../protocol/panel-messages';
import { rowWidth, type RunEnd, type RunHeader, type StepChunk } from '../protocol/run';

const formatVersion = 1;
const bytesPerNumber = Float32Array.BYTES_PER_ELEMENT;

/** What is known of a run besides its rows. */
export interface RunRecord {
  readonly id: string;
  name: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly header: RunHeader;
  /** Complete steps on disk. */
  steps: number;
  end?: RunEnd;
  findings: readonly Finding[];
}

export interface StoreLimits {
  runs: number;
  /** Of all rows together. The newest run is kept whatever its size. */
  bytes: number;
}

interface Stored extends Omit<RunRecord, 'id' | 'steps' | 'findings'> {
  version: typeof formatVersion;
  findings: readonly PackedFinding[];
}

const bytesOf = (rows: Float32Array): Uint8Array => new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);

export class RunStore {
  /** Changes are written one after the other, in the order they were asked for. */
  private pending: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly folder: string,
    private readonly limits: StoreLimits,
  ) {}

  /** Every readable run, the newest first. A run without an end was cut off: it gets `cutOff` as its end. */
  list(cutOff: RunEnd): Promise<RunRecord[]> {
    return this.inOrder(async () => {
      await mkdir(this.folder, { recursive: true });
      const names = (await readdir(this.folder)).filter((name) => name.endsWith('.json'));
      const records = await Promise.all(names.map((name) => this.read(name.slice(0, -'.json'.length))));
      const found = records.filter((record) => record !== undefined);
      for (const record of found.filter(({ end }) => end === undefined)) {
        record.end = cutOff;
        await this.write(record);
      }
      return found.sort((a, b) => b.startedAt.localeCompare(a.startedAt));
    });
  }

  /** Begins a run. */
  async create(name: string, header: RunHeader): Promise<RunRecord> {
    const startedAt = new Date().toISOString();
    const id = `${startedAt.replaceAll(/[^0-9]/g, '')}-${randomBytes(3).toString('hex')}`;
    const record: RunRecord = { id, name, startedAt, header, steps: 0, findings: [] };
    await this.inOrder(async () => {
      await mkdir(this.folder, { recursive: true });
      await writeFile(this.rowsFile(id), '');
      await this.write(record);
    });
    return record;
  }

  /** Adds steps that follow those already there. */
  append(record: RunRecord, { rows }: StepChunk): Promise<void> {
    return this.inOrder(() => appendFile(this.rowsFile(record.id), bytesOf(rows)));
  }

  /** Writes what changed in the record (its name, its end, its findings). */
  update(record: RunRecord): Promise<void> {
    return this.inOrder(() => this.write(record));
  }

  /** The rows of a run: `steps` × `rowWidth(layout)`, row-major. */
  readRows(record: RunRecord): Promise<Float32Array> {
    return this.inOrder(async () => {
      const rows = new Float32Array(record.steps * rowWidth(record.header.layout));
      const file = await open(this.rowsFile(record.id));
      try {
        await file.read(bytesOf(rows));
      } finally {
        await file.close();
      }
      return rows;
    });
  }

  /** Begins the trials of a run with a line, in place of those of an earlier search. */
  beginTrials({ id }: RunRecord, line: string): Promise<void> {
    return this.inOrder(() => writeFile(this.trialsFile(id), line));
  }

  appendTrials({ id }: RunRecord, line: string): Promise<void> {
    return this.inOrder(() => appendFile(this.trialsFile(id), line));
  }

  /** Undefined where nothing was tried on the run. */
  readTrials({ id }: RunRecord): Promise<string | undefined> {
    return this.inOrder(() => readFile(this.trialsFile(id), 'utf8').catch(() => undefined));
  }

  remove(id: string): Promise<void> {
    return this.inOrder(() => this.removeFiles(id));
  }

  /** Removes the oldest runs beyond the limits and says which. `records` are the newest first. */
  async prune(records: readonly RunRecord[]): Promise<string[]> {
    let bytes = 0;
    const surplus = records.filter((record, index) => {
      bytes += record.steps * rowWidth(record.header.layout) * bytesPerNumber;
      return index > 0 && (index >= this.limits.runs || bytes > this.limits.bytes);
    });
    await Promise.all(surplus.map(({ id }) => this.remove(id)));
    return surplus.map(({ id }) => id);
  }

  /** Done once everything asked for so far is on disk. */
  async settled(): Promise<void> {
    await this.pending;
  }

  private async read(id: string): Promise<RunRecord | undefined> {
    try {
      const { version, findings, ...stored } = JSON.parse(await readFile(this.headerFile(id), 'utf8')) as Stored;
      if ((version as number) !== formatVersion) return undefined;
      const width = rowWidth(stored.header.layout);
      const { size } = await stat(this.rowsFile(id));
      const steps = Math.floor(size / bytesPerNumber / width);
      if (size % (width * bytesPerNumber) > 0) await truncate(this.rowsFile(id), steps * width * bytesPerNumber);
      return {
        ...stored,
        id,
        steps,
        findings: findings.map(unpackFinding),
      };
    } catch {
      // A file damaged by a crash costs that one run.
      await this.removeFiles(id);
      return undefined;
    }
  }

  /** Through a temporary file: a crash leaves the old record or the new one. */
  private async write({ id, name, startedAt, header, end, findings }: RunRecord): Promise<void> {
    const stored: Stored = {
      version: formatVersion,
      name,
      startedAt,
      header,
      end,
      findings: findings.map(packFinding),
    };
    const temporary = `${this.headerFile(id)}.new`;
    await writeFile(temporary, toJson(stored));
    await rename(temporary, this.headerFile(id));
  }

  private async removeFiles(id: string): Promise<void> {
    const files = [this.headerFile(id), this.rowsFile(id), this.trialsFile(id)];
    await Promise.all(files.map((file) => rm(file, { force: true })));
  }

  private headerFile = (id: string) => join(this.folder, `${id}.json`);
  private rowsFile = (id: string) => join(this.folder, `${id}.rows`);
  private trialsFile = (id: string) => join(this.folder, `${id}.trials`);

  private inOrder<T>(change: () => Promise<T>): Promise<T> {
    const result = this.pending.then(change);
    this.pending = result.catch(() => undefined);
    return result;
  }
}
