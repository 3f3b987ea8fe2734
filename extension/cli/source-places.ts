import { dirname, isAbsolute, join } from 'node:path';
import type { LayerInfo } from '../protocol/run';

/**
 * Layers with their source files as they can be opened from here: an exporter that was started beside the script wrote
 * a relative path, and the model usually lies there too.
 * @param model path of the model. @param exists whether there is a file
 */
export const sourcesFrom = (
  layers: readonly LayerInfo[],
  model: string,
  exists: (path: string) => boolean,
): LayerInfo[] =>
  layers.map((layer) => {
    const { source } = layer;
    if (!source || isAbsolute(source.file) || exists(source.file)) return layer;
    const beside = join(dirname(model), source.file);
    return exists(beside) ? { ...layer, source: { ...source, file: beside } } : layer;
  });
