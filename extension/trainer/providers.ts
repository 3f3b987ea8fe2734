/** The execution providers of ONNX Runtime on this machine, each tried before it is called usable. */
import { InputError, RunError } from '../protocol/errors';
import type { ProviderInfo } from '../protocol/provider';
import { GraphBuilder } from '../onnx/builder';
import { exportGraph } from '../onnx/export';
import { emptyGraph } from '../onnx/graph';
import { reason } from './runtime';

/** Ids as a user writes them, by ONNX Runtime's names for its backends. */
const known = ['cpu', 'cuda', 'webgpu', 'dml', 'coreml'] as const;

const remedies: Readonly<Record<string, string>> = {
  cuda: 'It needs an NVIDIA GPU with its driver, CUDA 12, cuDNN 9, and the CUDA library of ONNX Runtime.',
  webgpu: 'It needs a GPU with a Vulkan, Metal or Direct3D 12 driver.',
  dml: 'DirectML is part of Windows only.',
  coreml: 'Core ML is part of macOS only.',
};

export async function listProviders(): Promise<readonly ProviderInfo[]> {
  const found: ProviderInfo[] = [];
  for (const id of known) found.push(await tryProvider(id));
  return found;
}

/**
 * The provider that an experiment asks for; `auto` is the CPU.
 * @throws InputError for an unknown one, RunError for one that does not work here: nothing falls back unseen
 */
export async function chooseProvider(id: string): Promise<string> {
  if (id === 'auto') return 'cpu';
  if (!known.some((provider) => provider === id))
    throw new InputError(`There is no execution provider "${id}": choose auto, ${known.join(', ')}.`);
  const { usable, why } = await tryProvider(id);
  if (!usable) throw new RunError(`The execution provider "${id}" is not usable here: ${why ?? 'unknown reason'}`);
  return id;
}

async function tryProvider(id: string): Promise<ProviderInfo> {
  const library = await import('onnxruntime-node');
  if (!library.listSupportedBackends().some(({ name }) => name === id))
    return { id, usable: false, why: `ONNX Runtime comes without it on this platform. ${remedies[id] ?? ''}`.trim() };
  const g = new GraphBuilder(emptyGraph('trial'));
  const x = g.input('x', 'float32', [1]);
  g.output(g.add(x, x));
  try {
    const session = await library.InferenceSession.create(exportGraph(g.graph), {
      executionProviders: [id],
      logSeverityLevel: 4,
    });
    await session.run({ x: new library.Tensor('float32', [1], [1]) });
    await session.release();
    return { id, usable: true };
  } catch (error) {
    return { id, usable: false, why: `${reason(error)} ${remedies[id] ?? ''}`.trim() };
  }
}
