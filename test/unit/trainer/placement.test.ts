import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { placementNote, readPlacement } from '../../../extension/trainer/placement';

const kernel = (name: string, op: string, provider: string) => ({ cat: 'Node', name, args: { op_name: op, provider } });

describe('where operators run', () => {
  it('is read from the profile, which is removed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'placement-'));
    const events = [
      { cat: 'Session', name: 'model_run' },
      kernel('a', 'Gemm', 'WebGpuExecutionProvider'),
      kernel('b', 'Split', 'CPUExecutionProvider'),
      kernel('c', 'Split', 'CPUExecutionProvider'),
      kernel('c', 'Split', 'CPUExecutionProvider'),
      kernel('d', 'Loop', 'CPUExecutionProvider'),
    ];
    await writeFile(join(folder, 'step_2026.json'), JSON.stringify(events));
    await writeFile(join(folder, 'other.json'), 'not ours');
    const placement = await readPlacement(join(folder, 'step'));
    assert.deepEqual(await readdir(folder), ['other.json']);
    await rm(folder, { recursive: true });
    assert.equal(
      placementNote('webgpu', placement),
      '2 of 4 operators of a step run on the CPU, which webgpu has no kernel for: Split (2).',
    );
  });

  it('is not worth a word where nothing fell back', () => {
    assert.equal(placementNote('cuda', { kernels: 9, onCpu: new Map([['Loop', 1]]) }), undefined);
  });
});
