/** The softmax or sigmoid before a loss that applies one itself is taken out. */
import { lintTrace } from '../../source/lint';
import { DoesNotFit } from '../remedy';
import type { SourceEditor } from './editors';

export const logitsEditor: SourceEditor = {
  stage: 'activation',
  edit(code) {
    const { file } = code;
    const found = lintTrace(file, code.trace, { only: ['GD302'] }).filter(({ at }) => code.includes({ file, ...at }));
    if (found.length === 0)
      throw new DoesNotFit('The source shows no softmax or sigmoid before a loss that applies it again.');
    for (const { fixes } of found) {
      const [fix] = fixes;
      if (!fix) throw new DoesNotFit('The softmax is written in a way that it cannot be taken out of.');
      if (code.first(JSON.stringify(fix.edits))) code.take(file, fix.edits);
    }
    return 'Give the loss logits, without a softmax before it';
  },
};
