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
