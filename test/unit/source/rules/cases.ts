/** How the examples of a lint rule are written: programs that trip it, and programs that must not. */

export interface RuleCases {
  code: string;
  /** What trips the rule, by a few words on how it is written. Names that start with `ts:` are TypeScript. */
  trips: Readonly<Record<string, string>>;
  passes: Readonly<Record<string, string>>;
}

const imports = `import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim
from torch.utils.data import DataLoader
`;

/** A Python program with the usual imports. */
export const torch = (program: string): string => imports + program.replace(/^\n/, '');

/** A TypeScript program with the usual import. */
export const tf = (program: string): string => `import * as tf from '@tensorflow/tfjs';\n${program.replace(/^\n/, '')}`;

/** A training loop of a small network around the statements of one step, which see model, optimizer, x and y. */
export const step = (statements: string): string =>
  torch(`
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = optim.SGD(model.parameters(), lr=0.1)
criterion = nn.MSELoss()
for x, y in DataLoader(dataset, batch_size=32):
${indent(statements)}`);

export const indent = (text: string, by = '    '): string =>
  text
    .replace(/^\n|\n\s*$/g, '')
    .split('\n')
    .map((line) => (line ? by + line : line))
    .join('\n') + '\n';
