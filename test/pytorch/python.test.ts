import { strict as assert } from 'node:assert';
import { runPython } from './python';

describe('the Python of this stage', () => {
  it('computes gradients with PyTorch', async () => {
    const printed = await runPython(
      'import torch; x = torch.ones(3, requires_grad=True); x.sum().backward(); print(x.grad)',
    );
    assert.equal(printed.trim(), 'tensor([1., 1., 1.])');
  });
});
