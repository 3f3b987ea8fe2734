import assert from 'node:assert/strict';
import { fastestProvider } from '../../../extension/protocol/provider';

describe('the fastest provider', () => {
  const cpu = { id: 'cpu', usable: true };
  it('is the one of those that work that was fastest when they were measured', () => {
    const webgpu = { id: 'webgpu', usable: true };
    assert.equal(
      fastestProvider([
        { ...cpu, timeProbe: 0.001 },
        { ...webgpu, timeProbe: 0.7 },
      ]),
      'cpu',
    );
    assert.equal(
      fastestProvider([
        { ...cpu, timeProbe: 0.004 },
        { ...webgpu, timeProbe: 0.001 },
      ]),
      'webgpu',
    );
    const broken = { id: 'cuda', usable: false, why: 'no driver', timeProbe: 0 };
    assert.equal(fastestProvider([{ ...cpu, timeProbe: 0.004 }, broken]), 'cpu');
  });

  it('is the CPU where nothing was measured', () => {
    assert.equal(fastestProvider([{ id: 'cuda', usable: true }, cpu]), 'cpu');
    assert.equal(fastestProvider([]), 'cpu');
  });
});
