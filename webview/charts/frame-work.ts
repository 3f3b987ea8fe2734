/** Long work in small pieces between frames, so that the page stays responsive. */

/** Of a frame's 16 ms, what work may take. */
const budgetMilliseconds = 8;

export interface Task {
  /** Stops it before its end. */
  cancel(): void;
}

interface Running {
  steps: Iterator<void>;
  done: () => void;
  cancelled: boolean;
}

export class FrameWork {
  private readonly queue: Running[] = [];
  private scheduled = false;

  /** Runs a task piece by piece, after those that came before it. @param done called at its end, unless cancelled */
  start(steps: Iterator<void>, done: () => void = () => undefined): Task {
    const task: Running = { steps, done, cancelled: false };
    this.queue.push(task);
    this.schedule();
    return {
      cancel: () => {
        task.cancelled = true;
      },
    };
  }

  private work(): void {
    const deadline = performance.now() + budgetMilliseconds;
    while (this.queue.length > 0) {
      const task = this.queue[0]!;
      if (task.cancelled) {
        this.queue.shift();
        continue;
      }
      if (task.steps.next().done) {
        this.queue.shift();
        task.done();
      }
      if (performance.now() > deadline) break;
    }
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled || this.queue.length === 0) return;
    this.scheduled = true;
    const go = () => {
      this.scheduled = false;
      this.work();
    };
    // A hidden page has no frames, but its data still comes in.
    if (document.visibilityState === 'hidden') setTimeout(go, budgetMilliseconds);
    else requestAnimationFrame(go);
  }
}
