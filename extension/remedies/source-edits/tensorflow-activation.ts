/** Other activations in TensorFlow.js: in configurations, as layers, and as functions. */
import { activations, type ActivationId } from '../../source/edits/activation';
import { quoteOf } from '../../source/edits/references';
import type { Op } from '../../source/values';
import { DoesNotFit, type RemedyParameters } from '../remedy';
import type { Code } from './code';
import { configOf, configure, entryOf, followWith, namespaceOf, removeEntry } from './tensorflow-layers';
import { siteKey, weightOps } from './network';

/** Swaps the activations, each place once. */
export const swapInTensorFlow = (
  code: Code,
  ops: readonly Op[],
  id: ActivationId,
  parameters: RemedyParameters,
): void => {
  if (id === 'elu' && parameters.alpha !== 1) throw new DoesNotFit('TensorFlow.js has ELU with an alpha of 1 alone.');
  for (const op of ops) {
    if (!code.first(`activation ${siteKey(op.site)} ${op.layer ? siteKey(op.layer.site) : ''}`)) continue;
    if (op.layer) swapLayer(code, op, id, parameters);
    else swapFunction(code, op, id, parameters);
  }
  if (id !== 'selu') return;
  code.everywhere(() => {
    for (const { layer } of weightOps(code))
      if (code.first(`selu ${siteKey(layer.site)}`)) {
        const quote = quoteOf(layer.site.file);
        configure(code, layer, 'kernelInitializer', `${quote}leCunNormal${quote}`);
      }
  });
};

/** The name in a configuration, where one is the whole of it. */
const nameOf = (id: ActivationId): string | undefined => activations[id].config;

const layerText = (tf: string, quote: string, id: ActivationId, parameters: RemedyParameters): string => {
  if (id === 'leaky-relu') return `${tf}.layers.leakyReLU({ alpha: ${parameters.slope} })`;
  if (id === 'elu') return `${tf}.layers.elu()`;
  if (id === 'relu') return `${tf}.layers.reLU()`;
  return `${tf}.layers.activation({ activation: ${quote}${activations[id].config}${quote} })`;
};

const swapLayer = (code: Code, op: Op, id: ActivationId, parameters: RemedyParameters): void => {
  const layer = op.layer!;
  const { file } = layer.site;
  const quote = quoteOf(file);
  const name = nameOf(id);
  const written = layerText(namespaceOf(layer), quote, id, parameters);
  const isOwnLayer = /^(activation|reLU|leakyReLU|elu|prelu|thresholdedReLU)$/.test(layer.type);
  if (isOwnLayer) {
    code.replace(layer.site, written);
    return;
  }
  const config = configOf(layer);
  const entry = entryOf(config, 'activation');
  if (!entry) throw new DoesNotFit('An activation is written in a way that cannot be replaced.');
  if (name !== undefined) {
    code.replace({ file, from: entry.value.from, to: entry.value.to }, quote + name + quote);
    return;
  }
  code.edit(file, removeEntry(file, entry));
  followWith(code, layer, [written]);
};

const swapFunction = (code: Code, op: Op, id: ActivationId, parameters: RemedyParameters): void => {
  const node = op.call?.node;
  const name = activations[id].tensorFlow;
  if (name === undefined) throw new DoesNotFit(`TensorFlow.js has ${id} for layers, not as a function of tensors.`);
  if (node?.callee.kind !== 'attribute')
    throw new DoesNotFit('An activation is written in a way that cannot be replaced.');
  const { callee } = node;
  const { file } = op.site;
  code.edit(file, { from: callee.to - callee.name.length, to: callee.to, insert: name });
  const last = node.arguments.at(-1);
  if (id !== 'leaky-relu' || parameters.slope === 0.2) return;
  const at = last?.to ?? node.argumentList.from + 1;
  code.edit(file, { from: at, to: at, insert: `${last ? ', ' : ''}${parameters.slope}` });
};
