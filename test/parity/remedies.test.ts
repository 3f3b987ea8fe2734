import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Graph } from '../../extension/onnx/graph';
import { importGraph } from '../../extension/onnx/import';
import { findLayers } from '../../extension/onnx/layers';
import { readModel } from '../../extension/onnx/model-file';
import { findParameters } from '../../extension/onnx/parameters';
import { numbers, type Tensor } from '../../extension/onnx/tensor';
import { remedies } from '../../extension/remedies';
import { parseNpz } from '../../extension/training/data/npz';
import { measure, treat } from './treat';

const folder = resolve('test/fixtures/remedies');
const arrays = (name: string): Map<string, Tensor> => parseNpz(new Uint8Array(readFileSync(join(folder, name))));

interface Case {
  model: string;
  remedy: string;
  parameters: Record<string, number | string | boolean>;
}

const cases = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as Record<string, Case>;

/** Largest difference as a share of the largest value, both over the whole tensor. */
function difference(actual: Tensor, expected: Tensor): number {
  const [a, b] = [numbers(actual), numbers(expected)];
  assert.equal(a.length, b.length);
  const scale = Math.max(...b.map(Math.abs), 1e-3);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) / scale;
}

/** Remedies that put another kind of layer in the place of a recurrent one. */
const replacesLayers = new Set(['self-attention']);

interface Model {
  graph: Graph;
  parameters: readonly string[];
}

async function imported(path: string): Promise<Model> {
  const graph = importGraph(await readModel(path));
  return { graph, parameters: findParameters(graph).flatMap(({ name, trainable }) => (trainable ? [name] : [])) };
}

const weightLayersOf = ({ graph, parameters }: Model): string[] =>
  findLayers(graph, parameters)
    .filter(({ info }) => ['linear', 'conv', 'recurrent', 'attention'].includes(info.kind))
    .map(({ info }) => info.name);

describe('a treated model equals the PyTorch model that a user would write', () => {
  for (const [name, { model, remedy, parameters }] of Object.entries(cases))
    for (const exporter of ['dynamo', 'script']) {
      const file = `${name}.${exporter}.expected.npz`;
      it(`${name}, exported by ${exporter}`, async () => {
        const batch = arrays(`${model}.batch.npz`);
        const treated = await treat(join(folder, `${model}.${exporter}.onnx`), remedy, parameters, batch);
        const { y, gradients, buffers } = await measure(treated, batch);
        const expected = arrays(file);
        assert.ok(difference(y, expected.get('y')!) < 1e-4, 'output');
        for (const [key, value] of expected) {
          const [kind, parameter] = key.split('/') as [string, string | undefined];
          if (!parameter) continue;
          const found = (kind === 'gradient' ? gradients : buffers).get(parameter);
          assert.ok(found, `${key} is missing`);
          assert.ok(difference(found, value) < 1e-4, key);
        }
        assert.equal(gradients.size, [...expected.keys()].filter((key) => key.startsWith('gradient/')).length);
      });
    }

  it('whose weight layers keep their names, so that before and after are compared layer by layer', async () => {
    const lost: string[] = [];
    for (const [name, { model, remedy, parameters }] of Object.entries(cases)) {
      if (replacesLayers.has(remedy)) continue;
      for (const exporter of ['dynamo', 'script']) {
        const path = join(folder, `${model}.${exporter}.onnx`);
        const before = weightLayersOf(await imported(path));
        const treated = await treat(path, remedy, parameters, arrays(`${model}.batch.npz`));
        const after = new Set(weightLayersOf(treated));
        lost.push(...before.filter((layer) => !after.has(layer)).map((layer) => `${name}, ${exporter}: ${layer}`));
      }
    }
    assert.deepEqual(lost, []);
  });

  it('with the output variance of every layer before and after lsuv', async () => {
    const { notes } = await treat(join(folder, 'cnn.dynamo.onnx'), 'lsuv', {}, arrays('cnn.batch.npz'));
    assert.equal(notes.length, 4);
    for (const note of notes) {
      const [, before, after] = /^lsuv: the output variance of \S+ went from (\S+) to (\S+)\.$/.exec(note) ?? [];
      assert.ok(Number(before) > 0 && Math.abs(Number(before) - 1) > 0.2, note);
      assert.ok(Math.abs(Number(after) - 1) <= 0.21, note);
    }
  });

  it('for every remedy that changes the model', () => {
    const covered = new Set(Object.values(cases).map(({ remedy }) => remedy));
    assert.deepEqual(
      remedies.filter((remedy) => remedy.transform && !covered.has(remedy.id)).map(({ id }) => id),
      [],
    );
  });
});
