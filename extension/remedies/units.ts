import type { LayerInfo } from '../protocol/run';

/**
 * A unit is what one source statement creates, the smallest thing an edit can change. Module paths show it: the layers
 * of `nn.ModuleList([nn.Linear(w, w) for _ in range(30)])` differ in an index alone, and so do the calls of
 * `torch.sigmoid` in a loop, which are named `sigmoid`, `sigmoid_1`, ….
 */

/** `layers.3` → `layers.*`, `blocks.0.conv1` → `blocks.*.conv1`, `sigmoid_2` → `sigmoid`. */
export const unitOf = (layer: string): string =>
  layer
    .split('.')
    .map((part) => (/^\d+$/.test(part) ? '*' : part.replace(/_\d+$/, '')))
    .join('.');

/** Whether a layer belongs to one of the units (named by unit or by layer); every layer does where none are given. */
export const inUnits = (layer: string, units: readonly string[] | undefined): boolean =>
  !units || units.includes(layer) || units.includes(unitOf(layer));

/**
 * The units of a network, each as the names that stand for it: one, or several where a single statement is known to
 * create layers of different names (`setattr(self, f'fc{i}', …)` in a loop).
 */
export function unitsOf(layers: readonly Pick<LayerInfo, 'name' | 'created'>[]): string[][] {
  const groups = new Map<string, Set<string>>();
  const byStatement = new Map<string, Set<string>>();
  for (const { name, created } of layers) {
    const unit = unitOf(name);
    const statement = created && `${created.file}:${created.line}`;
    const together = statement === undefined ? undefined : byStatement.get(statement);
    const group = groups.get(unit) ?? together ?? new Set<string>();
    for (const each of [unit, ...(together ?? [])]) {
      group.add(each);
      groups.set(each, group);
    }
    if (statement !== undefined) byStatement.set(statement, group);
  }
  return [...new Set(groups.values())].map((group) => [...group]);
}
