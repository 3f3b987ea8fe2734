import type { LayerInfo } from '../protocol/run';

/** A node of the user's module tree: a module, a layer, or both. */
export interface ModuleNode {
  /** The last part of the path, `3` of `layers.3`. */
  label: string;
  /** The whole dotted path. */
  path: string;
  layer?: LayerInfo;
  children: ModuleNode[];
}

/** The module tree that the dotted names of layers spell, in the order of the forward pass. */
export function moduleTree(layers: readonly LayerInfo[]): ModuleNode[] {
  const root: ModuleNode = { label: '', path: '', children: [] };
  const known = new Map([['', root]]);
  const at = (path: string): ModuleNode => {
    const found = known.get(path);
    if (found) return found;
    const dot = path.lastIndexOf('.');
    const node: ModuleNode = { label: path.slice(dot + 1), path, children: [] };
    at(dot < 0 ? '' : path.slice(0, dot)).children.push(node);
    known.set(path, node);
    return node;
  };
  for (const layer of layers) at(layer.name).layer = layer;
  return root.children;
}

/** The layers at and below a node. */
export const layersBelow = (node: ModuleNode): LayerInfo[] => [
  ...(node.layer ? [node.layer] : []),
  ...node.children.flatMap(layersBelow),
];
