/** Where the runtime computes what: read from the profile of one call. */
import { readFile, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** How many kernels of each operator ran on the CPU although another provider was asked for. */
export interface Placement {
  kernels: number;
  onCpu: ReadonlyMap<string, number>;
}

interface ProfileEvent {
  cat: string;
  name: string;
  args?: { op_name?: string; provider?: string };
}

/** Reads and removes the files that ONNX Runtime has written for a prefix. */
export async function readPlacement(prefix: string): Promise<Placement> {
  const onCpu = new Map<string, Set<string>>();
  const kernels = new Set<string>();
  const folder = dirname(prefix);
  for (const file of await readdir(folder)) {
    if (!file.startsWith(basename(prefix))) continue;
    const events = JSON.parse(await readFile(join(folder, file), 'utf8')) as ProfileEvent[];
    await rm(join(folder, file));
    for (const { cat, name, args } of events) {
      if (cat !== 'Node' || !args?.provider || !args.op_name) continue;
      kernels.add(name);
      if (args.provider !== 'CPUExecutionProvider') continue;
      const nodes = onCpu.get(args.op_name) ?? new Set();
      onCpu.set(args.op_name, nodes.add(name));
    }
  }
  return { kernels: kernels.size, onCpu: new Map([...onCpu].map(([op, nodes]) => [op, nodes.size])) };
}

/** One sentence where anything that computes fell back; the Loop around the step itself does not count. */
export function placementNote(provider: string, { kernels, onCpu }: Placement): string | undefined {
  const fallen = [...onCpu].filter(([op]) => op !== 'Loop').sort((a, b) => b[1] - a[1]);
  if (fallen.length === 0) return undefined;
  const count = fallen.reduce((sum, [, nodes]) => sum + nodes, 0);
  const list = fallen.map(([op, nodes]) => (nodes === 1 ? op : `${op} (${nodes})`)).join(', ');
  return `${count} of ${kernels} operators of a step run on the CPU, which ${provider} has no kernel for: ${list}.`;
}
