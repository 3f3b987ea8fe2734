import assert from 'node:assert/strict';
import { readableNumber } from '../../../extension/panel/readable-number';

describe('readableNumber', () => {
  for (const [value, text] of [
    [0, '0'],
    [0.12345, '0.123'],
    [1234.5, '1230'],
    [-0.5, '−0.5'],
    [1.234e-12, '1.23e−12'],
    [98765432, '9.88e7'],
    [NaN, 'NaN'],
    [Infinity, '∞'],
    [-Infinity, '−∞'],
  ] as const)
    it(`writes ${value} as ${text}`, () => {
      assert.equal(readableNumber(value), text);
    });
});
