/** A training file of 2,500 lines, put together from the examples of all rules. */
import { allCases } from '../unit/source/rules/all-cases';

const lines = 2500;

export const examples: readonly string[] = allCases
  .flatMap(({ trips, passes }) => [...Object.entries(trips), ...Object.entries(passes)])
  .filter(([name]) => !name.startsWith('ts:'))
  .map(([, program]) => program);

const indented = (program: string): string => program.replace(/^(?=.)/gm, '    ');

export function longFile(): string {
  let text = 'import torch\nfrom torch import nn\n';
  for (let index = 0; text.split('\n').length < lines; index++)
    text += `def case_${index}(dataset):\n${indented(examples[index % examples.length]!)}\n`;
  return text;
}
