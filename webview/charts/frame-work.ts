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
  /** What the user waits for goes first. */
  private readonly urgent: Running[] = [];
  private readonly queue: Running[] = [];
  private scheduled = false;

  /**
   * Runs a task piece by piece, after those that came before it.
   * @param done called at its end, unless cancelled
   * @param urgent it goes before all that are not
   */
  start(steps: Iterator<void>, done: () => void = () => undefined, urgent = false): Task {
    const task: Running = { steps, done, cancelled: false };
    (urgent ? this.urgent : this.queue).push(task);
    this.schedule();
    return {
      cancel: () => {
        task.cancelled = true;
      },
    };
  }

  private work(): void {
    const deadline = performance.now() + budgetMilliseconds;
    for (let queue = this.next(); queue; queue = this.next()) {
      const task = queue[0]!;
      if (task.cancelled || task.steps.next().done) {
        queue.shift();
        if (!task.cancelled) task.done();
      }
      if (performance.now() > deadline) break;
    }
    this.schedule();
  }

  private next(): Running[] | undefined {
    return [this.urgent, this.queue].find(({ length }) => length > 0);
  }

  private schedule(): void {
    if (this.scheduled || !this.next()) return;
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
