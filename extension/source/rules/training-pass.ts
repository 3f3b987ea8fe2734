/** What happens in one pass of a training loop, in order. */
import { compatible, type Event, type EventKind, type Trace } from '../trace';
import type { Op, Value } from '../values';

/** The events of the same pass of the same loop that can happen together with an event; itself included. */
export const passOf = (trace: Trace, event: Event): Event[] => {
  const loop = event.loops.at(-1);
  const entry = event.frames[0]?.id;
  return trace.events.filter(
    (other) => compatible(event, other) && (loop ? other.loops.includes(loop) : other.frames[0]?.id === entry),
  );
};

export const before = (pass: readonly Event[], event: Event, ...kinds: EventKind[]): Event | undefined =>
  pass.findLast((other) => other.order < event.order && kinds.includes(other.kind));

export const after = (pass: readonly Event[], event: Event, ...kinds: EventKind[]): Event | undefined =>
  pass.find((other) => other.order > event.order && kinds.includes(other.kind));

export const eventsOf = (trace: Trace, kind: EventKind): Event[] => trace.events.filter((event) => event.kind === kind);

/** The loss that a backward pass starts from. */
export const lossOf = (event: Event): Op | undefined => (event.target?.kind === 'tensor' ? event.target.op : undefined);

export const sameTarget = (a: Value | undefined, b: Value | undefined): boolean => a !== undefined && a === b;

/** Whether something in the pass cannot be read, so that nothing follows from what is not there. */
export const isUnclear = (trace: Trace): boolean =>
  trace.exhausted || trace.events.some(({ kind }) => kind === 'broken');
