/** The host's handle on a trainer process: the same for the command line and the extension. */
import { fork, type ChildProcess } from 'node:child_process';
import { InputError, RunError } from '../protocol/errors';
import type { Experiment } from '../protocol/experiment';
import type { Inspection } from '../protocol/inspection';
import type { ProviderInfo } from '../protocol/provider';
import type { RunEnd, RunHeader, StepChunk } from '../protocol/run';
import type {
  BenchRequest,
  BenchResult,
  GradientsRequest,
  HostMessage,
  TrainerMessage,
  TrainerRequest,
  TrainerResults,
} from '../protocol/trainer-messages';

export interface TrainerOptions {
  /** Path of trainer.js; it lies beside the bundle that uses it. */
  path: string;
  /** Added to the environment of each process. */
  environment?: () => Readonly<Record<string, string>>;
  /** Receives what the process prints: messages of the native runtime, for a log. */
  log?: (line: string) => void;
}

/** What a caller may listen to and end a request by. */
export interface RequestOptions {
  signal?: AbortSignal;
  progress?(phase: string, fraction?: number): void;
}

export interface TrainOptions extends RequestOptions {
  header?(header: RunHeader): void;
  steps?(chunk: StepChunk): void;
}

/** After a cancel the process has this long to stop by itself; then it is killed. */
const patience = 700;

interface Pending {
  id: number;
  options: TrainOptions;
  settle(result: { value: TrainerResults[keyof TrainerResults] } | { error: Error }): void;
}

/**
 * Requests run one after the other. The process starts with the first one, and again after it died: a crash costs one
 * request, never the host.
 */
export class Trainer {
  private child: ChildProcess | undefined;
  private pending: Pending | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private lastId = 0;
  private disposed = false;
  private lastWords = '';

  constructor(private readonly options: TrainerOptions) {}

  /** Of the process, while there is one. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Whether it has a request to work on. */
  get isBusy(): boolean {
    return this.pending !== undefined;
  }

  /** Layers, parameters and unsupported operators of a model, without training it. */
  inspect(model: string, options: RequestOptions = {}): Promise<Inspection> {
    return this.request<'inspect'>({ type: 'inspect', model }, options);
  }

  /** Writes the gradients of one batch to a file. */
  gradients(request: GradientsRequest, options: RequestOptions = {}): Promise<TrainerResults['gradients']> {
    return this.request<'gradients'>({ type: 'gradients', request }, options);
  }

  /**
   * Trains, and streams header and rows. A run that is cancelled ends as stopped, it does not throw.
   * @throws InputError for an experiment that cannot be run, RunError where the run or the process dies
   */
  train(experiment: Experiment, options: TrainOptions = {}): Promise<RunEnd> {
    return this.request<'train'>({ type: 'train', experiment }, options);
  }

  /** Times a training step, in a process that has done nothing else: the memory it held is part of the result. */
  async bench(request: BenchRequest, options: RequestOptions = {}): Promise<BenchResult> {
    await this.endProcess();
    return this.request<'bench'>({ type: 'bench', request }, options);
  }

  providers(options: RequestOptions = {}): Promise<readonly ProviderInfo[]> {
    return this.request<'providers'>({ type: 'providers' }, options);
  }

  /** Ends the process, whatever it is doing. */
  async dispose(): Promise<void> {
    this.disposed = true;
    await this.endProcess();
  }

  /** After what is going on and waiting now, requests go to a new process. */
  restart(): Promise<void> {
    const restarted = this.queue.then(() => this.endProcess());
    this.queue = restarted;
    return restarted;
  }

  /** The next request starts another one. */
  private async endProcess(): Promise<void> {
    const { child } = this;
    if (!child) return;
    // An idle process does not keep the host alive; this one is waited for.
    child.ref();
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  private request<T extends keyof TrainerResults>(
    request: TrainerRequest,
    options: TrainOptions,
  ): Promise<TrainerResults[T]> {
    const result = this.queue.then(() => this.send(request, options));
    this.queue = result.catch(() => undefined);
    return result as Promise<TrainerResults[T]>;
  }

  private send(request: TrainerRequest, options: TrainOptions): Promise<TrainerResults[keyof TrainerResults]> {
    const stopped: RunEnd = { kind: 'stopped', reason: 'cancelled' };
    const whenCancelled = () => (request.type === 'train' ? { value: stopped } : { error: new RunError('Cancelled.') });
    return new Promise((resolve, reject) => {
      const { signal } = options;
      let deadline: NodeJS.Timeout | undefined;
      const settle: Pending['settle'] = (result) => {
        clearTimeout(deadline);
        signal?.removeEventListener('abort', cancel);
        this.pending = undefined;
        this.child?.unref();
        if ('value' in result) resolve(result.value);
        else reject(result.error);
      };
      if (this.disposed || signal?.aborted) {
        settle(whenCancelled());
        return;
      }
      const child = this.start();
      child.ref();
      const id = ++this.lastId;
      this.pending = { id, options, settle };
      const cancel = (): void => {
        this.post({ type: 'cancel', id });
        deadline = setTimeout(() => {
          child.kill('SIGKILL');
          settle(whenCancelled());
        }, patience);
      };
      signal?.addEventListener('abort', cancel);
      this.post({ type: 'request', id, request });
    });
  }

  private post(message: HostMessage): void {
    // A process that is gone reports itself by its exit.
    this.child?.send(message, () => undefined);
  }

  private start(): ChildProcess {
    if (this.child) return this.child;
    this.lastWords = '';
    const child = fork(this.options.path, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
      // Under a desktop VS Code the executable is Electron.
      env: { ...process.env, ...this.options.environment?.(), ELECTRON_RUN_AS_NODE: '1' },
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.lastWords = (this.lastWords + text).slice(-4096);
        for (const line of text.split('\n')) if (line.trim()) this.options.log?.(line);
      });
    child.on('message', (message: TrainerMessage) => {
      this.receive(message);
    });
    child.on('error', (error) => {
      this.lost(child, new RunError(`The trainer could not be started: ${error.message}.`));
    });
    child.on('exit', (code, signal) => {
      this.lost(child, new RunError(this.epitaph(code, signal)));
    });
    return child;
  }

  private receive(message: TrainerMessage): void {
    const { pending } = this;
    if (message.type === 'ready' || message.id !== pending?.id) return;
    const { options } = pending;
    switch (message.type) {
      case 'progress':
        options.progress?.(message.phase, message.fraction);
        break;
      case 'header':
        options.header?.(message.header);
        break;
      case 'steps':
        options.steps?.(message.chunk);
        break;
      case 'result':
        pending.settle({ value: message.result });
        break;
      case 'error':
        pending.settle({
          error: message.kind === 'input' ? new InputError(message.message) : new RunError(message.message),
        });
    }
  }

  private lost(child: ChildProcess, error: RunError): void {
    if (this.child !== child) return;
    this.child = undefined;
    this.pending?.settle({ error });
  }

  private epitaph(code: number | null, signal: NodeJS.Signals | null): string {
    if (/bad_alloc|out of memory|failed to allocate/i.test(this.lastWords) || signal === 'SIGABRT')
      return 'The trainer ran out of memory: use a smaller batch or model.';
    if (signal) return `The trainer was killed (${signal}); if nobody did that, the machine ran out of memory.`;
    return `The trainer ended unexpectedly (exit code ${code ?? 'unknown'}).`;
  }
}
