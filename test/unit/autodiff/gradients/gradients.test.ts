import assert from 'node:assert/strict';
import { gradientRules } from '../../../../extension/autodiff/gradients';
import { maxPoolByComparison } from '../../../../extension/autodiff/gradients/pooling';
import { cases } from './cases';
import { stops } from '../../../../extension/autodiff/gradients/support';
import { check, nameOf } from './harness';

describe('gradient rules', () => {
  for (const example of cases) it(nameOf(example), () => check(gradientRules[example.op]!, example));

  it('are all checked', () => {
    const checked = new Set(cases.map(({ op }) => op));
    const differentiable = Object.keys(gradientRules).filter((op) => gradientRules[op] !== stops);
    assert.deepEqual(
      differentiable.filter((op) => !checked.has(op)),
      [],
    );
  });
});

describe('gradient rules for providers whose kernels lack outputs', () => {
  // Its ConvTranspose has no float64 kernel.
  for (const example of cases.filter(({ op, outputs }) => op === 'MaxPool' && outputs === undefined))
    it(nameOf(example), () => check(maxPoolByComparison, { ...example, single: true }));
});
