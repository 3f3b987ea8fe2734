import { argument, configEntry, type ArgumentValue, type LibraryObject } from '../values';
import type { Problem, Rule } from './rule';

/** Learning rates far outside what the optimizer is used with: by custom and by its authors' defaults. */
export const learningRateRange: Rule = {
  code: 'GD108',
  name: 'learning-rate-range',
  severity: 'information',
  frameworks: ['pytorch', 'tensorflow'],
  *check({ trace, file }): Generator<Problem> {
    const seen = new Set<number>();
    for (const optimizer of trace.objects) {
      if (optimizer.type !== 'optimizer' || optimizer.site.file !== file || seen.has(optimizer.site.from)) continue;
      const rate = learningRate(optimizer);
      const value = rate?.value.kind === 'constant' ? rate.value.value : undefined;
      if (!rate || typeof value !== 'number' || value === 0) continue;
      const name = optimizer.path.slice(optimizer.path.lastIndexOf('.') + 1);
      const highest = /^sgd$|^momentum$/i.test(name)
        ? 1
        : /^(Adam|AdamW|NAdam|RAdam|adam)$/.test(name)
          ? 1e-2
          : undefined;
      const message =
        highest !== undefined && value > highest
          ? `A learning rate of ${value} is high for ${name}: more than ${highest} usually diverges.`
          : value > 0 && value < 1e-7
            ? `A learning rate of ${value} is so low that the weights hardly move.`
            : undefined;
      if (message === undefined) continue;
      seen.add(optimizer.site.from);
      const isWritten = rate.node.kind === 'number';
      yield {
        at: rate.node.to > rate.node.from ? rate.node : optimizer.site,
        message,
        fixes:
          isWritten && highest !== undefined
            ? [
                {
                  title: `Use a learning rate of ${highest === 1 ? 0.1 : 0.001}`,
                  safe: false,
                  remedy: 'lower-lr',
                  edits: [{ from: rate.node.from, to: rate.node.to, insert: highest === 1 ? '0.1' : '0.001' }],
                },
              ]
            : [],
      };
    }
  },
};

const learningRate = ({ path, call }: LibraryObject): ArgumentValue | undefined =>
  path.startsWith('tf.')
    ? call.positional[0]?.value.kind === 'dict'
      ? configEntry(call, 'learningRate')
      : call.positional[0]
    : argument(call, 'lr', 1);
