/** Normalization layers between the layers of TensorFlow.js and their activations. */
import { configConstant } from '../../source/values';
import { DoesNotFit, type RemedyParameters } from '../remedy';
import type { Code } from './code';
import { blocksOf, byCreation, isNormalized, recurrentOps } from './network';
import { configure, followWith, namespaceOf, splitActivation } from './tensorflow-layers';

export const normalizeTensorFlow = (
  code: Code,
  id: 'batch-norm' | 'layer-norm',
  { momentum, eps }: RemedyParameters,
): void => {
  const isBatch = id === 'batch-norm';
  const hidden = blocksOf(code)
    .map(({ weights }) => weights)
    .filter(({ layer }) => isBatch || layer.type === 'dense');
  const recurrent = isBatch
    ? []
    : recurrentOps(code).filter(({ layer }) => configConstant(layer.call, 'returnSequences') === true);
  const bare = [...hidden, ...recurrent].filter((op) => !isNormalized(code, op));
  if (bare.length === 0)
    throw new DoesNotFit(
      hidden.length + recurrent.length > 0
        ? 'The hidden layers here are normalized already.'
        : isBatch
          ? 'There is no hidden dense or convolution layer here.'
          : 'There is no hidden dense layer here, and no recurrent one that returns its sequence (after convolutions, use batch norm).',
    );
  for (const ops of byCreation(bare)) {
    const { layer, category } = ops[0]!;
    const tf = namespaceOf(layer);
    const norm = isBatch
      ? `${tf}.layers.batchNormalization({ momentum: ${Number((1 - Number(momentum)).toPrecision(12))}, epsilon: ${eps} })`
      : `${tf}.layers.layerNormalization({ epsilon: ${eps} })`;
    if (category === 'recurrent') {
      followWith(code, layer, [norm]);
      continue;
    }
    const activation = splitActivation(code, layer);
    if (isBatch) configure(code, layer, 'useBias', 'false');
    followWith(code, layer, [norm, ...activation]);
  }
};
