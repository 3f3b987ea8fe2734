/** The execution providers of ONNX Runtime on this machine, each tried before it is called usable. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { InputError, RunError } from '../protocol/errors';
import type { ProviderInfo } from '../protocol/provider';
import { loadLibrary, runtimeVariable } from './library';
import { probe } from './provider-probe';
import { explain, notShipped } from './provider-trouble';

/** Ids as a user writes them, which are ONNX Runtime's names for its backends. */
const known = ['cpu', 'cuda', 'webgpu', 'dml', 'coreml'] as const;

/** What is known of a provider does not change while the process lives. */
const tried = new Map<string, Promise<ProviderInfo>>();

const measuredPasses = 11;

/** Times of passes that were measured, by provider. */
const measured = new Map<string, Promise<number | undefined>>();

/** Where several work it is measured which is how fast, one after the other so that none is in another's way. */
export async function listProviders(): Promise<readonly ProviderInfo[]> {
  const found = await Promise.all(known.map(tryProvider));
  if (found.filter(({ usable }) => usable).length < 2) return found;
  const timed: ProviderInfo[] = [];
  for (const provider of found)
    timed.push(provider.usable ? { ...provider, timeProbe: await timeProbe(provider.id) } : provider);
  return timed;
}

function timeProbe(id: string): Promise<number | undefined> {
  const known =
    measured.get(id) ?? probe(id, measuredPasses).then((answer) => ('seconds' in answer ? answer.seconds : undefined));
  measured.set(id, known);
  return known;
}

/**
 * The provider that an experiment asks for; `auto` is CUDA where the user has installed it and it works, else the CPU.
 * @throws InputError for an unknown one, RunError for one that does not work here: nothing falls back unseen
 */
export async function chooseProvider(id: string): Promise<string> {
  if (id === 'cpu') return id;
  // Only a copy of the runtime has CUDA, so nobody else waits for the try.
  if (id === 'auto') return process.env[runtimeVariable] && (await tryProvider('cuda')).usable ? 'cuda' : 'cpu';
  if (!known.some((provider) => provider === id))
    throw new InputError(`There is no execution provider "${id}": choose auto, ${known.join(', ')}.`);
  const { usable, why } = await tryProvider(id);
  if (!usable) throw new RunError(`The execution provider "${id}" is not usable here: ${why ?? 'unknown reason'}`);
  return id;
}

function tryProvider(id: string): Promise<ProviderInfo> {
  const found = tried.get(id) ?? attempt(id);
  tried.set(id, found);
  return found;
}

async function attempt(id: string): Promise<ProviderInfo> {
  const library = await loadLibrary();
  if (!library.listSupportedBackends().some(({ name }) => name === id))
    return { id, usable: false, why: notShipped(id) };
  if (id === 'cpu') return { id, usable: true };
  const answer = await probe(id, 0);
  if ('trouble' in answer) return { id, usable: false, why: explain(id, answer.trouble) };
  return { id, usable: true, device: id === 'cuda' ? await nvidiaDevice() : undefined };
}

/** Name, driver and memory of the first GPU, as NVIDIA's own tool tells them. */
async function nvidiaDevice(): Promise<string | undefined> {
  try {
    const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'];
    const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: 10_000 });
    const [name, driver, memory] = stdout.split('\n')[0]!.split(', ');
    return `${name!.trim()}, ${memory!.trim()}, driver ${driver!.trim()}`;
  } catch {
    return undefined;
  }
}
