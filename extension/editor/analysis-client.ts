/** The host's side of the thread that reads source files: started when first asked, started again after a crash. */
import { Worker } from 'node:worker_threads';
import type { AnalysisQuestions, AnalysisToHost, HostToAnalysis, Question } from './analysis-messages';

/** A file that takes longer is given up: rules are heuristics, and none is worth a busy processor. */
const limitMilliseconds = 20_000;

/** Megabytes for what is young: a trace of a long file outgrows the default, and would be copied again and again. */
const youngGeneration = 96;

interface Waiting {
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
}

export class AnalysisClient {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private tickets = 0;
  private watchdog: NodeJS.Timeout | undefined;
  /** What a new thread must be told first. */
  private folders: HostToAnalysis | undefined;

  constructor(
    private readonly path: string,
    private readonly milliseconds = limitMilliseconds,
  ) {}

  /** @throws if the analysis fails or takes too long. */
  ask<Q extends Question>(type: Q, given: AnalysisQuestions[Q]['given']): Promise<AnalysisQuestions[Q]['answer']> {
    const ticket = ++this.tickets;
    return new Promise((resolve, reject) => {
      this.waiting.set(ticket, { resolve: resolve as (answer: unknown) => void, reject });
      this.started().postMessage({ type, ticket, given });
      this.watch();
    });
  }

  tell(message: Exclude<HostToAnalysis, { ticket: number }>): void {
    if (message.type === 'folders') this.folders = message;
    this.worker?.postMessage(message);
  }

  dispose(): void {
    this.end(new Error('The analysis has ended.'));
  }

  private started(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(this.path, { resourceLimits: { maxYoungGenerationSizeMb: youngGeneration } });
    worker.unref();
    worker.on('message', (reply: AnalysisToHost) => {
      const waiting = this.waiting.get(reply.ticket);
      this.waiting.delete(reply.ticket);
      this.watch();
      if ('error' in reply) waiting?.reject(new Error(reply.error));
      else waiting?.resolve(reply.answer);
    });
    worker.on('error', (error) => {
      if (this.worker === worker) this.end(error instanceof Error ? error : new Error(String(error)));
    });
    if (this.folders) worker.postMessage(this.folders);
    this.worker = worker;
    return worker;
  }

  /** Gives the thread its time anew whenever a question comes or is answered. */
  private watch(): void {
    clearTimeout(this.watchdog);
    if (this.waiting.size === 0) return;
    this.watchdog = setTimeout(() => {
      this.end(new Error(`The analysis took longer than ${this.milliseconds / 1000} s and was given up.`));
    }, this.milliseconds);
  }

  private end(reason: Error): void {
    clearTimeout(this.watchdog);
    void this.worker?.terminate();
    this.worker = undefined;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of waiting) reject(reason);
  }
}
