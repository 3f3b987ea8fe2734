/** Initializers in the configurations of TensorFlow.js's layers. */
import { setEntry } from '../../source/edits/arguments';
import { quoteOf } from '../../source/edits/references';
import { activationName } from '../../source/pytorch-names';
import { configConstant, configEntry, type Layer, type Op } from '../../source/values';
import { DoesNotFit } from '../remedy';
import type { Code } from './code';
import type { Scheme } from './initialization';
import { activationAfter, byCreation, recurrentOps, weightOps } from './network';

export const initializeTensorFlow = (code: Code, scheme: Scheme): void => {
  const recurrent = scheme === 'orthogonal' ? recurrentOps(code) : [];
  if (recurrent.length > 0) {
    const others = recurrent.filter(
      ({ layer }) => (configConstant(layer.call, 'recurrentInitializer') ?? 'orthogonal') !== 'orthogonal',
    );
    if (others.length === 0) throw new DoesNotFit('Recurrent weights are orthogonal in TensorFlow.js by default.');
    for (const [op] of byCreation(others)) setInitializer(code, op!.layer, 'recurrentInitializer', 'orthogonal');
    return;
  }
  const weights = weightOps(code);
  if (weights.length === 0) throw new DoesNotFit('There are no dense or convolution layers here.');
  for (const ops of byCreation(weights))
    setInitializer(
      code,
      ops[0]!.layer,
      kernelOf(ops[0]!.layer),
      initializerFor(scheme, activationAfter(code, ops[0]!)),
    );
};

const kernelOf = ({ type }: Layer): string =>
  /^depthwise|^separable/.test(type) ? 'depthwiseInitializer' : 'kernelInitializer';

/** The initializer of Kaiming's kind has the gain of the activation: 1 (LeCun) where that is none, sigmoid or SELU. */
const initializerFor = (scheme: Scheme, activation: Op | undefined): string => {
  if (scheme === 'orthogonal') return 'orthogonal';
  const distribution = scheme.endsWith('uniform') ? 'Uniform' : 'Normal';
  if (scheme.startsWith('xavier')) return `glorot${distribution}`;
  const name = activation && activationName(activation.name);
  const isUnit = name === undefined || ['sigmoid', 'hardsigmoid', 'softsign', 'selu'].includes(name);
  return `${isUnit ? 'leCun' : 'he'}${distribution}`;
};

export const setInitializer = (code: Code, layer: Layer, entry: string, value: string): void => {
  const { file } = layer.site;
  const config = layer.call.node.arguments[0]?.value;
  if (config?.kind !== 'dict') throw new DoesNotFit('A layer takes its configuration from elsewhere; set it there.');
  const quote = quoteOf(file);
  const written = `${quote}${value}${quote}`;
  const present = configEntry(layer.call, entry)?.node;
  if (present && (present.from < config.from || present.to > config.to))
    throw new DoesNotFit('A layer takes its configuration from elsewhere; set it there.');
  if (present && file.source.slice(present) === written) return;
  code.edit(file, setEntry(config, entry, written));
};
