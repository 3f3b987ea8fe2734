/** What runs are called where several are shown: measured again, a script has runs of one name. */
import type { PanelRun } from '../../extension/protocol/panel-messages';

type Named = Pick<PanelRun, 'id' | 'name' | 'startedAt'>;

/** When a run was started, short. */
export const timeOf = (startedAt: string): string => {
  const date = new Date(startedAt);
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(document.documentElement.lang || undefined, {
    ...(today ? {} : { month: 'short', day: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit',
  });
};

/**
 * Names that tell runs apart, by id: with the time where others have the same name, and numbered where that does not
 * do, the earliest first.
 */
export function distinctNames(
  runs: readonly Named[],
  time: (startedAt: string) => string = timeOf,
): Map<string, string> {
  const names = new Map(runs.map(({ id, name }) => [id, name]));
  for (const { id, name, startedAt } of runs)
    if (runs.some((other) => other.id !== id && other.name === name)) names.set(id, `${name} · ${time(startedAt)}`);
  const earliestFirst = runs.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
  const seen = new Map<string, number>();
  for (const { id } of earliestFirst) {
    const name = names.get(id)!;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    if (count > 1) names.set(id, `${name} (${count})`);
  }
  return names;
}
