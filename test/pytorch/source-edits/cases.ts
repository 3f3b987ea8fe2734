/** How the examples of source edits are written. */
import type { Use } from '../../../extension/protocol/experiment';

export interface EditCase {
  name: string;
  program: string;
  uses: Use | readonly Use[];
  /** Units, or the text at the cursor; else all that fits. */
  units?: readonly string[];
  at?: string;
  /** What the edited program must contain, each literally. */
  contains?: readonly string[];
  /** Python that looks at the modules `before` and `after`, the program executed before and after the edit. */
  check: string;
  /** Whether the program as it was is executed, too. */
  runBefore?: boolean;
  /** What applying the same remedies again gives: a refusal that matches, or a program that is executed as well. */
  again?: RegExp | 'adjusts';
}

export const use = (id: string, parameters: Use['parameters'] = {}): Use => ({ id, parameters });

export const imports = `import torch
import torch.nn as nn
import torch.nn.functional as F
`;

/** A module `Net` around the statements of its `__init__` and `forward`. */
export const net = (init: string, forward: string, head = imports): string => `${head}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
${indent(init, 8)}
    def forward(self, x):
${indent(forward, 8)}`;

export const indent = (text: string, by: number): string =>
  text
    .replace(/^\n|\n\s*$/g, '')
    .split('\n')
    .map((line) => (line ? ' '.repeat(by) + line : line))
    .join('\n') + '\n';
