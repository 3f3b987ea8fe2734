/** The names that a run gives to layers, found again in the source: `blocks.0.conv1`, `layers.*`, `sigmoid`. */
import { childrenOf } from '../../source/pytorch';
import { activationName } from '../../source/pytorch-names';
import type { Trace } from '../../source/trace';
import type { Op, Site, Value } from '../../source/values';
import { unitOf } from '../units';

/** The paths of every module, from each network of the program that is no part of another one. */
export const modulePaths = (trace: Trace): Map<Value, Map<Value, string[]>> => {
  const modules: Value[] = [...trace.instances, ...trace.containers];
  const inner = new Set(modules.flatMap((module) => childrenOf(module).map(([, child]) => child)));
  return new Map(modules.filter((module) => !inner.has(module)).map((root) => [root, pathsIn(root)]));
};

const pathsIn = (root: Value): Map<Value, string[]> => {
  const paths = new Map<Value, string[]>();
  const walk = (module: Value, path: string, around: readonly Value[]): void => {
    if (around.includes(module)) return;
    const known = paths.get(module);
    if (known) known.push(path);
    else paths.set(module, [path]);
    for (const [name, child] of childrenOf(module)) walk(child, path ? `${path}.${name}` : name, [...around, module]);
  };
  walk(root, '', []);
  return paths;
};

/** The names of the layer that an op is in a run: its module's, or its function's below the module that calls it. */
const namesOf = (op: Op, paths: ReadonlyMap<Value, string[]>): string[] => {
  if (op.layer && paths.has(op.layer)) return paths.get(op.layer)!;
  const module = op.modules.at(-1);
  const owners = module ? (paths.get(module) ?? []) : [];
  return owners.map((owner) => (owner ? `${owner}.` : '') + op.name.replace(/_$/, ''));
};

const isSame = (name: string, wanted: string): boolean => {
  const [unit, other] = [unitOf(name), unitOf(wanted)];
  const last = (path: string): string => activationName(path.slice(path.lastIndexOf('.') + 1));
  const owner = (path: string): string => path.slice(0, path.lastIndexOf('.') + 1);
  return name === wanted || unit === other || (owner(unit) === owner(other) && last(unit) === last(other));
};

/**
 * Where each layer of a run is made, or computed by a function; nothing for those that the program has not. All are
 * looked for in the one network that has the most of them.
 */
export const sitesOfLayers = (trace: Trace, layers: readonly string[]): Map<string, Site> => {
  let best = new Map<string, Site>();
  const wanted = new Set(layers);
  for (const prefixed of [false, true])
    for (const paths of modulePaths(trace).values()) {
      const sites = new Map<string, Site>();
      for (const op of trace.ops)
        for (const name of namesOf(op, paths)) {
          const asked = prefixed ? name.slice(name.indexOf('.') + 1) : name;
          if (wanted.has(asked) && !sites.has(asked)) sites.set(asked, op.layer?.site ?? op.site);
        }
      if (sites.size > best.size) best = sites;
    }
  return best;
};

/** Where the layers of some units are made, or computed by a function. Nothing for units that the program has not. */
export const sitesOfUnits = (trace: Trace, units: readonly string[]): Site[] => {
  let best: { sites: Site[]; found: number } = { sites: [], found: 0 };
  const networks = [...modulePaths(trace).values()];
  // The network as it was trained, or a part of a larger one (`model.` of a Lightning module).
  for (const prefixed of [false, true])
    for (const paths of networks) {
      const sites: Site[] = [];
      const found = new Set<string>();
      for (const op of trace.ops)
        for (const unit of units)
          if (
            namesOf(op, paths).some(
              (name) => isSame(name, unit) || (prefixed && isSame(name.slice(name.indexOf('.') + 1), unit)),
            )
          ) {
            found.add(unit);
            sites.push(op.layer?.site ?? op.site);
          }
      if (found.size > best.found) best = { sites, found: found.size };
    }
  return best.sites;
};
