import assert from 'node:assert/strict';
import { lintSource } from '../../../extension/source/lint';
import { parseSource } from '../../../extension/source/parse';
import { projectModules } from '../../../extension/source/project';

const tagger = `import torch
from torch import nn
class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 16)
    def forward(self, x):
        return self.rnn(x)[0]
`;

const training = (made = 'Tagger()'): string => `
def train(loader):
    model = ${made}
    optimizer = torch.optim.Adam(model.parameters())
    for x, y in loader:
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
`;

/** The rules that find something in `/p/train.py`, and the files that were read for it. */
const lint = (main: string, files: Readonly<Record<string, string>>): { codes: string[]; read: string[] } => {
  const read: string[] = [];
  const findModule = projectModules((path) => {
    if (files[path] !== undefined) read.push(path);
    return files[path];
  });
  const findings = lintSource(parseSource('/p/train.py', `import torch\n${main}`, 'python'), { findModule });
  return { codes: findings.map(({ rule }) => rule.code), read };
};

describe('names imported from the project', () => {
  it('mean what the other file says', () => {
    const { codes } = lint(`from model import Tagger\n${training()}`, { '/p/model.py': tagger });
    assert.deepEqual(codes, ['GD104']);
  });

  it('are read only when they are used', () => {
    const { codes, read } = lint(`from model import Tagger\nfrom tools import log\n${training('None')}`, {
      '/p/model.py': tagger,
      '/p/tools.py': 'import torch\n',
    });
    assert.deepEqual(codes, []);
    assert.deepEqual(read, []);
  });

  it('may be handed on by another file, which may import the first', () => {
    const { codes } = lint(`from package import Tagger\n${training()}`, {
      '/p/package/__init__.py': 'import torch\nfrom .model import Tagger\n',
      '/p/package/model.py': `${tagger}from . import Tagger as itself\nother = itself\n`,
    });
    assert.deepEqual(codes, ['GD104']);
  });

  it('may come all at once, or as one of two', () => {
    assert.deepEqual(lint(`from model import *\n${training()}`, { '/p/model.py': tagger }).codes, ['GD104']);
    const either = `try:
    from model import Tagger
except ImportError:
    raise
`;
    assert.deepEqual(lint(`${either}${training()}`, { '/p/model.py': tagger }).codes, ['GD104']);
  });

  it('stay known when the first use was in a branch', () => {
    const { codes } = lint(
      `from model import Tagger
def check(flag):
    if flag:
        Tagger()
    else:
        Tagger()
check(unknown())
${training()}`,
      { '/p/model.py': tagger },
    );
    assert.deepEqual(codes, ['GD104']);
  });
});
