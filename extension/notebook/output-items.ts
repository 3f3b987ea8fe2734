/** An output as a notebook stores it: for the renderer, for browsers and for plain eyes. */
import { outputMime, readOutput, type CellOutput } from '../protocol/notebook-output';
import type { NotebookCell, NotebookOutput } from './gradnb';
import { htmlOf } from './presentation/html';
import { textOf } from './presentation/text';

/** VS Code's own kind of output for what went wrong. */
export const errorMime = 'application/vnd.code.notebook.error';

export const outputItems = (output: CellOutput): NotebookOutput[] => [
  { mime: outputMime, data: output },
  { mime: 'text/html', data: htmlOf(output) },
  { mime: 'text/plain', data: textOf(output) },
];

/** Without the name of its class, which VS Code would put before the message. */
export const errorItem = ({ message }: Error): NotebookOutput => ({ mime: errorMime, data: { name: '', message } });

/** The result in the outputs of a cell, if it is one that this version can read. */
export function outputOf({ outputs = [] }: Pick<NotebookCell, 'outputs'>): CellOutput | undefined {
  for (const { mime, data } of outputs) {
    const output = mime === outputMime ? readOutput(data) : undefined;
    if (output) return output;
  }
  return undefined;
}
