/** What a result depends on, with paths that mean the same on every machine. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, isAbsolute, relative, sep } from 'node:path';
import type { CaptureOrigin, DataSource } from '../../protocol/experiment';
import type { Provenance } from '../../protocol/notebook-output';
import type { LayerInfo, RunHeader, SourceLocation } from '../../protocol/run';

/** From the notebook's folder, with forward slashes; what lies on another drive stays absolute. */
export function fromFolder(path: string, folder: string): string {
  const steps = relative(folder, path);
  return isAbsolute(steps) ? path : steps.split(sep).join('/');
}

export async function provenanceOf(header: RunHeader, folder: string, version: string): Promise<Provenance> {
  const { settings, provider } = header;
  const model = fromFolder(settings.model, folder);
  return {
    model,
    modelHash: header.modelHash,
    ...(settings.data.kind === 'file' ? { dataHash: await hashOf(settings.data.path) } : {}),
    provider,
    settings: {
      ...settings,
      name: undefined,
      model,
      provider,
      data: relativeData(settings.data, folder),
      capture: settings.capture && relativeCapture(settings.capture, folder),
    },
    versions: { gradientDoctor: version, onnxRuntime: header.runtimeVersion },
    platform: `${process.platform}-${process.arch}`,
    uncertain: header.uncertain ?? [],
  };
}

const relativeData = (data: DataSource, folder: string): DataSource =>
  data.kind === 'file' ? { ...data, path: fromFolder(data.path, folder) } : data;

/** With the lines of code that call and create it, where those are known. */
export function relativeLayer({ source, created, ...layer }: LayerInfo, folder: string): LayerInfo {
  const relative = ({ file, line }: SourceLocation): SourceLocation => ({
    file: isAbsolute(file) ? fromFolder(file, folder) : file,
    line,
  });
  return { ...layer, ...(source && { source: relative(source) }), ...(created && { created: relative(created) }) };
}

/** The interpreter by its name alone: where it lies is this machine's affair. */
const relativeCapture = ({ python, script, cwd, ...rest }: CaptureOrigin, folder: string): CaptureOrigin => ({
  python: basename(python),
  script: fromFolder(script, folder),
  cwd: fromFolder(cwd, folder) || '.',
  ...rest,
});

/** The trainer has read the file a moment ago. */
const hashOf = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
