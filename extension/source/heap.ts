/** Writes that can be taken back, so that both branches of a condition can be followed and their results merged. */
import { absent, type Choice, type Value } from './values';

type AnySlots = Map<string, unknown>;

interface Write {
  slots: AnySlots;
  key: string;
  before: unknown;
}

export class Heap {
  private journal: Write[] | undefined;

  write(slots: Map<string, Value> | Map<string, readonly Value[]>, key: string, value: Value | readonly Value[]): void {
    const any = slots as AnySlots;
    this.journal?.push({ slots: any, key, before: any.get(key) });
    any.set(key, value);
  }

  /** Runs what belongs to no branch: its writes stay whatever becomes of the branch that it happens in. */
  aside<T>(run: () => T): T {
    const { journal } = this;
    this.journal = undefined;
    try {
      return run();
    } finally {
      this.journal = journal;
    }
  }

  /**
   * Runs each arm from the same state; afterwards the state is the merge of what the arms that ran to their end left.
   * @returns what each arm returned.
   */
  branch<T>(arms: readonly (() => T)[], endsNormally: (result: T) => boolean, merge: (values: Value[]) => Value): T[] {
    const outer = this.journal;
    const results: T[] = [];
    const ends: Map<AnySlots, Map<string, unknown>>[] = [];
    for (const arm of arms) {
      const journal: Write[] = [];
      this.journal = journal;
      const result = arm();
      results.push(result);
      if (endsNormally(result)) {
        const end = new Map<AnySlots, Map<string, unknown>>();
        for (const { slots, key } of journal) {
          if (!end.has(slots)) end.set(slots, new Map());
          end.get(slots)!.set(key, slots.get(key));
        }
        ends.push(end);
      }
      for (const { slots, key, before } of journal.reverse()) {
        if (before === undefined) slots.delete(key);
        else slots.set(key, before);
      }
    }
    this.journal = outer;
    const written = new Map<AnySlots, Set<string>>();
    for (const end of ends)
      for (const [slots, keys] of end) {
        if (!written.has(slots)) written.set(slots, new Set());
        for (const key of keys.keys()) written.get(slots)!.add(key);
      }
    for (const [slots, keys] of written)
      for (const key of keys) {
        const before = slots.get(key);
        const values = ends.map((end) => {
          const end_ = end.get(slots);
          return end_?.has(key) ? end_.get(key) : before;
        });
        const merged = mergeSlot(values, merge);
        this.journal?.push({ slots, key, before });
        slots.set(key, merged);
      }
    return results;
  }
}

const isItems = (value: unknown): value is readonly Value[] => Array.isArray(value);

const mergeSlot = (values: readonly unknown[], merge: (values: Value[]) => Value): unknown => {
  const known = values.filter((value) => value !== undefined);
  if (known.every((value) => value === known[0])) return known[0];
  if (known.every(isItems)) return mergeItems(known, merge);
  return merge(known as Value[]);
};

/** Lists that one branch made longer: what only one of them has may be absent. */
const mergeItems = (lists: readonly (readonly Value[])[], merge: (values: Value[]) => Value): readonly Value[] => {
  const length = Math.max(...lists.map((items) => items.length));
  return Array.from({ length }, (_, index) => merge(lists.map((items) => items[index] ?? absent)));
};

/** A value that may be so many things may be anything; and without an end to them, following branches has none. */
const mostOptions = 64;

/** One value, or the choice between several different ones; `undefined` where they are too many to tell apart. */
export const choiceOf = (values: readonly Value[]): Value | undefined => {
  const options: Value[] = [];
  for (const value of values)
    for (const option of value.kind === 'choice' ? value.options : [value])
      if (!options.some((other) => sameValue(other, option))) {
        if (options.length === mostOptions) return undefined;
        options.push(option);
      }
  if (options.length === 1) return options[0]!;
  return { kind: 'choice', options } satisfies Choice;
};

export const sameValue = (a: Value, b: Value): boolean =>
  a === b ||
  (a.kind === 'constant' && b.kind === 'constant' && a.value === b.value) ||
  (a.kind === 'external' && b.kind === 'external' && a.path === b.path) ||
  (a.kind === 'absent' && b.kind === 'absent') ||
  (a.kind === 'tensor' && b.kind === 'tensor' && a.op === b.op);
