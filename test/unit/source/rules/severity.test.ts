import assert from 'node:assert/strict';
import { lintSource } from '../../../../extension/source/lint';
import { parseSource } from '../../../../extension/source/parse';
import { torch } from './cases';

const stack = (...layers: readonly string[]): string =>
  torch(`net = nn.Sequential(${layers.map((layer) => `nn.Linear(8, 8), ${layer}`).join(', ')}, nn.Linear(8, 1))\n`);

const convolutions = (depth: number, layers: string): string =>
  torch(`net = nn.Sequential(*[m for _ in range(${depth}) for m in (${layers})])\n`);

const severities = (program: string, code: string, settings = {}): string[] =>
  lintSource(parseSource('/a.py', program, 'python'), { only: [code], severities: settings }).map(
    ({ severity }) => severity,
  );

const times = (count: number, layer: string): string[] => Array<string>(count).fill(layer);

describe('the severity of a finding', () => {
  it("is the rule's where gradients vanish: four sigmoids, or sixteen tanh", () => {
    assert.deepEqual(severities(stack(...times(4, 'nn.Sigmoid()')), 'GD301'), ['warning']);
    assert.deepEqual(severities(stack(...times(16, 'nn.Tanh()')), 'GD301'), ['warning']);
    assert.deepEqual(severities(stack(...times(3, 'nn.Sigmoid()'), ...times(4, 'nn.Tanh()')), 'GD301'), ['warning']);
  });

  it('is lower where tanh only shrinks them', () => {
    assert.deepEqual(severities(stack(...times(4, 'nn.Tanh()')), 'GD301'), ['information']);
    assert.deepEqual(severities(stack('nn.Sigmoid()', ...times(8, 'nn.Tanh()')), 'GD301'), ['information']);
  });

  it('is lower for a deep stack that normalization makes trainable, until it is twice as deep', () => {
    const normalized = 'nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()';
    assert.deepEqual(severities(convolutions(18, normalized), 'GD401'), ['information']);
    assert.deepEqual(severities(convolutions(32, normalized), 'GD401'), ['warning']);
    assert.deepEqual(severities(convolutions(18, 'nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()'), 'GD401'), ['warning']);
  });

  it('is what the settings say, whatever the finding', () => {
    assert.deepEqual(severities(stack(...times(4, 'nn.Tanh()')), 'GD301', { GD301: 'error' }), ['error']);
    assert.deepEqual(severities(stack(...times(4, 'nn.Tanh()')), 'GD301', { GD301: 'off' }), []);
  });
});
