import assert from 'node:assert/strict';
import { analyse } from '../../../extension/source/analyse';
import { lintSource } from '../../../extension/source/lint';
import { parseSource } from '../../../extension/source/parse';

const python = (text: string) => parseSource('/a.py', text, 'python');

describe('the analysis of any text', () => {
  it('ends where an attribute is made of itself', () => {
    const file = python(`import torch
def keep(p, flag):
    p.grad = p.grad if flag else p.other
    p.grad.data.zero_()
`);
    assert.equal(analyse(file).exhausted, false);
  });

  it('ends where a value may be ever more things', () => {
    const branches = Array.from({ length: 300 }, (_, index) => `    if c${index}(): x = f${index}(x)\n`).join('');
    const calls = Array.from({ length: 200 }, (_, index) => `    x.a${index}().b(x)\n`).join('');
    const file = python(`import torch\ndef f(x):\n${branches}${calls}    return x\n`);
    assert.deepEqual(lintSource(file), []);
  });

  it('ends where a list or a text doubles in a loop', () => {
    const file = python(`import torch
from torch import nn
layers, name = [nn.Linear(8, 8)], 'layer'
for i in range(100):
    layers = layers + layers
    layers += layers
    layers = layers * 2
    name = name + name
    print(name.upper())
`);
    assert.equal(analyse(file).exhausted, false);
  });

  it('gives up on what is nested deeper than it can follow', () => {
    assert.deepEqual(lintSource(python(`import torch\nx = ${'('.repeat(4000)}1${')'.repeat(4000)}\n`)), []);
    assert.deepEqual(lintSource(python(`import torch\nx = ${'1 + '.repeat(20_000)}1\n`)), []);
  });
});
