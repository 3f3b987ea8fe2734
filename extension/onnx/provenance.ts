/**
 * Which module of the user's network a node belongs to, and which source line made it, as far as the exporter tells:
 * node metadata (torch.onnx.export with dynamo), node names (TorchScript, TensorFlow), names of weights.
 */
import type { SourceLocation } from '../protocol/run';
import type { Graph } from './graph';
import type { NodeProto, StringStringEntryProto } from './onnx_pb';

export const metadataOf = (entries: readonly StringStringEntryProto[], key: string): string | undefined =>
  entries.find((entry) => entry.key === key)?.value;

/** The dotted module path of every node; '' is the model itself, undefined is not known. */
export function moduleFinder(
  nodes: readonly NodeProto[],
  weights: ReadonlySet<string>,
): (node: NodeProto) => string | undefined {
  const scopes = scopePaths(nodes, weights);
  return (node) => {
    const fromMetadata = metadataPath(node);
    if (fromMetadata !== undefined) return fromMetadata;
    const scope = scopeOf(node);
    if (scope !== undefined) return scopes.get(scope.join('/'));
    const owners = ownersOf(node, weights);
    return owners.length > 0 ? commonPrefix(owners) : undefined;
  };
}

/** `['', 'encoder', 'encoder.layers.0', 'linear_3']`: full module paths, and last the operation itself. */
function metadataPath(node: NodeProto): string | undefined {
  const scopes = metadataOf(node.metadataProps, 'pkg.torch.onnx.name_scopes');
  if (scopes) {
    const names = [...scopes.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)].map(([, a, b]) => a ?? b ?? '');
    if (names.length > 0) return withoutCall(names.at(-2) ?? '');
  }
  // `: __main__.Net/encoder: torch.nn…Sequential/linear_3: aten.linear.default`
  const namespace = metadataOf(node.metadataProps, 'namespace');
  if (!namespace) return undefined;
  const parts = namespace.split('/').map((part) => part.split(':')[0]!.trim());
  return withoutCall(parts.at(-2) ?? '');
}

/** A module called again carries the number of the call: `act@1`. */
const withoutCall = (path: string): string => path.replace(/@\d+/g, '');

/** Where the user's own code made the node: the innermost frame that is not in an installed library. */
export function sourceOf(node: NodeProto): SourceLocation | undefined {
  const trace = metadataOf(node.metadataProps, 'pkg.torch.onnx.stack_trace');
  if (!trace) return undefined;
  const frames = [...trace.matchAll(/File "([^"]+)", line (\d+)/g)].map(([, file, line]) => ({
    file: file!,
    line: Number(line),
  }));
  const own = frames.filter(
    ({ file }) => !/(?:^|[\\/])(?:site|dist)-packages[\\/]/.test(file) && !file.startsWith('<'),
  );
  return own.at(-1) ?? frames[0];
}

/** Where a capture wrote down which line creates and which one calls each module, by module path. */
const modulesKey = 'gradient_doctor.modules';

/** Gives nodes the line that creates their module, and the one that calls it where the exporter wrote none. */
export function locateModules({ nodes }: Graph, metadata: readonly StringStringEntryProto[]): void {
  const modules = readModules(metadataOf(metadata, modulesKey));
  if (modules.size === 0) return;
  for (const node of nodes) {
    const lines = modules.get(node.layer);
    node.created = lines?.created;
    node.source ??= lines?.called ?? lines?.created;
  }
}

interface ModuleLines {
  created?: SourceLocation;
  called?: SourceLocation;
}

/** Anybody may have written it: what does not look as expected is left out. */
function readModules(text: string | undefined): Map<string, ModuleLines> {
  let stated: unknown;
  try {
    stated = JSON.parse(text ?? '{}');
  } catch {
    return new Map();
  }
  return new Map(
    Object.entries(stated as Record<string, Record<string, unknown> | null>).map(([path, lines]) => [
      path,
      { created: location(lines?.created), called: location(lines?.called) },
    ]),
  );
}

function location(stated: unknown): SourceLocation | undefined {
  const [file, line] = Array.isArray(stated) ? (stated as unknown[]) : [];
  return typeof file === 'string' && typeof line === 'number' ? { file, line } : undefined;
}

/** `/encoder/layers.0/self_attn/MatMul` → [encoder, layers.0, self_attn]. */
function scopeOf({ name }: NodeProto): string[] | undefined {
  if (!name.includes('/')) return undefined;
  return name.split('/').filter(Boolean).slice(0, -1);
}

/** The modules that own the weights a node takes: `encoder.layers.0` for `encoder.layers.0.weight`. */
const ownersOf = (node: NodeProto, weights: ReadonlySet<string>): string[] =>
  node.input
    .filter((input) => weights.has(input) && !input.includes('::'))
    .map(ownerOf)
    .filter(Boolean);

const ownerOf = (weight: string): string => weight.replaceAll('/', '.').split('.').slice(0, -1).join('.');

/**
 * The module path of each scope in the names of nodes. TorchScript names a scope relative to the module that called it,
 * but children of a Sequential once more with the Sequential's own name, and children of a ModuleList with the list's
 * name that has no scope of its own: `/layers/layers.0` is `layers.0`, `/encoder/layers.0` is `encoder.layers.0`. Where
 * that leaves a doubt, the weights that the scope uses decide.
 */
function scopePaths(nodes: readonly NodeProto[], weights: ReadonlySet<string>): Map<string, string> {
  const owners = new Map<string, string[]>();
  for (const node of nodes) {
    const scope = scopeOf(node)?.join('/');
    if (scope === undefined) continue;
    const found = owners.get(scope) ?? [];
    found.push(...ownersOf(node, weights));
    owners.set(scope, found);
  }
  const paths = new Map([['', '']]);
  const pathOf = (scope: string): string => {
    const known = paths.get(scope);
    if (known !== undefined) return known;
    const at = scope.lastIndexOf('/');
    const parent = scope.slice(0, Math.max(at, 0));
    const name = scope.slice(at + 1);
    const container = parent.slice(parent.lastIndexOf('/') + 1);
    const parentPath = pathOf(parent);
    const own = container !== '' && name.startsWith(`${container}.`) ? name.slice(container.length + 1) : name;
    const guess = parentPath ? `${parentPath}.${own}` : own;
    const owner = commonPrefix(owners.get(scope) ?? []);
    const path = owner !== '' && endsWith(owner, name) ? owner : guess;
    paths.set(scope, path);
    return path;
  };
  for (const scope of owners.keys()) pathOf(scope);
  return paths;
}

/** Whether a module path may be that of a scope, which may be numbered as a later call: `shared_1`. */
function endsWith(path: string, scope: string): boolean {
  const ends = (name: string): boolean => path === name || path.endsWith(`.${name}`);
  return ends(scope) || ends(scope.replace(/_\d+$/, ''));
}

function commonPrefix(paths: readonly string[]): string {
  const [first, ...rest] = paths.map((path) => path.split('.'));
  if (!first) return '';
  const length = first.findIndex((part, i) => rest.some((other) => other[i] !== part));
  return (length < 0 ? first : first.slice(0, length)).join('.');
}
