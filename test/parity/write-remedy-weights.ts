/** Writes the weights of every treated model, for generate_remedies.py to load into its equivalents. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatNpz, parseNpz } from '../../extension/training/data/npz';
import type { Tensor } from '../../extension/onnx/tensor';
import { treat } from './treat';

interface Case {
  model: string;
  remedy: string;
  parameters: Record<string, number | string | boolean>;
}

async function main(folder: string): Promise<void> {
  const cases = JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8')) as Record<string, Case>;
  for (const [name, { model, remedy, parameters }] of Object.entries(cases))
    for (const exporter of ['dynamo', 'script']) {
      const batch = parseNpz(await readFile(join(folder, `${model}.batch.npz`)));
      try {
        const {
          graph,
          parameters: trained,
          updates,
        } = await treat(join(folder, `${model}.${exporter}.onnx`), remedy, parameters, batch);
        const kept = new Map<string, Tensor>();
        for (const tensor of [...trained, ...updates.map((update) => update.name)])
          kept.set(tensor, graph.initializers.get(tensor)!);
        await writeFile(join(folder, `${name}.${exporter}.weights.npz`), formatNpz(kept));
      } catch (error) {
        console.error(`${name}.${exporter}: ${(error as Error).stack ?? String(error)}`);
        process.exitCode = 1;
      }
    }
}

void main(process.argv[2]!);
