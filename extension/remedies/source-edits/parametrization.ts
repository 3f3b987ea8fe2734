/** `weight_norm` and `spectral_norm` around the layers that they are for. */
import { placesAround } from '../../source/syntax';
import type { Site } from '../../source/values';
import { DoesNotFit } from '../remedy';
import type { SourceEditor } from './editors';
import { byCreation, weightOps } from './network';
import { attributeUses, namesOfLayers } from './uses';

export const parametrizationEditor = (id: 'weight-norm' | 'spectral-norm'): SourceEditor => ({
  stage: 'parametrization',
  edit(code) {
    const name = id.replace('-', '_');
    const weights = weightOps(code);
    const bare = weights.filter(({ layer }) => !layer.slots.has('reparametrized') && !layer.type.startsWith('Lazy'));
    if (bare.length === 0)
      throw new DoesNotFit(
        weights.length > 0
          ? 'The weights here are reparametrized already.'
          : 'There are no linear or convolution layers here.',
      );
    for (const ops of byCreation(bare)) {
      const { site } = ops[0]!.layer;
      const layers = new Set(ops.map((op) => op.layer));
      const set = code.trace.initializations.find(
        ({ parameter, site: where }) =>
          parameter.layer && layers.has(parameter.layer) && parameter.name === 'weight' && !isInHelper(where),
      );
      if (set)
        throw new DoesNotFit(
          `Line ${set.site.file.source.lineOf(set.site.from) + 1} initializes these weights after they are made, which a parametrization would hide.`,
        );
      const { file } = site;
      const names = namesOfLayers(code.trace, layers);
      for (const { owner, isWritten, node } of attributeUses(file.root, /^weight$/))
        if (isWritten && owner !== undefined && names.has(owner))
          throw new DoesNotFit(
            `Line ${file.source.lineOf(node.from) + 1} sets these weights by hand, which a parametrization would hide.`,
          );
      code.wrap(site, `${code.refer(site.file, `torch.nn.utils.parametrizations.${name}`)}(`, ')');
    }
    return id === 'weight-norm' ? 'Add weight normalization' : 'Add spectral normalization';
  },
});

/** Whether an initialization is done by one of our helpers, around the expression that makes the layer. */
const isInHelper = ({ file, from }: Site): boolean => {
  const around = placesAround(file.root, from).find(({ statement }) => statement.kind === 'function')?.statement;
  return around?.kind === 'function' && around.function.name.startsWith('with_');
};
