/** LSUV in TensorFlow.js: a helper, called on the training data before `fit`. */
import { isTypeScript } from '../../source/edits/javascript-helpers';
import { insertBefore } from '../../source/edits/statements';
import { placeOf } from '../../source/syntax';
import { DoesNotFit } from '../remedy';
import type { Helper } from './code';
import type { SourceEditor } from './editors';
import { distinctSites } from './training-loop';

export const tensorFlowLsuvEditor: SourceEditor = {
  stage: 'optimizer',
  edit(code, { tolerance, iterations }) {
    const fits = distinctSites(code.trace.events.filter(({ kind, site }) => kind === 'fit' && code.includes(site)));
    if (fits.length === 0)
      throw new DoesNotFit('There is no call of fit here, before which the weights could be scaled.');
    for (const { site, call } of fits) {
      const { file } = site;
      const { source } = file;
      const callee = call?.node.callee;
      const data = call?.node.arguments[0]?.value;
      if (callee?.kind !== 'attribute' || !data || callee.name !== 'fit')
        throw new DoesNotFit('Scaling the weights needs a batch as a tensor; here the data come as a dataset.');
      if (/\blsuv\(/.test(source.text)) throw new DoesNotFit('LSUV is called here already.');
      code.help(file, helper(isTypeScript(file)));
      const options = tolerance === 0.1 && iterations === 10 ? '' : `, ${tolerance}, ${iterations}`;
      const statement = placeOf(file.root, site.from)!.statement;
      code.edit(
        file,
        insertBefore(source, statement, [`lsuv(${source.slice(callee.object)}, ${source.slice(data)}${options});`]),
      );
    }
    return 'Scale the initial weights to unit variance, layer by layer (LSUV)';
  },
};

/** Kernels orthogonal, then each divided by the deviation of its layer's output before the activation. */
const helper = (types: boolean): Helper => ({
  name: 'lsuv',
  lines: [
    '/** Layer-sequential unit-variance initialization on a batch (Mishkin and Matas, 2016). */',
    types
      ? 'function lsuv(model: tf.LayersModel, data: tf.Tensor, tolerance = 0.1, iterations = 10): void {'
      : 'function lsuv(model, data, tolerance = 0.1, iterations = 10) {',
    '  const batch = data.slice(0, Math.min(256, data.shape[0]));',
    '  for (const layer of model.layers) {',
    '    const [kernel, ...others] = layer.getWeights();',
    '    if (!kernel || kernel.rank < 2 || !/dense|conv/i.test(layer.getClassName())) continue;',
    '    const columns = kernel.shape[kernel.rank - 1];',
    '    const orthogonal = tf.initializers.orthogonal({ gain: 1 }).apply([kernel.size / columns, columns]);',
    '    let weight = orthogonal.reshape(kernel.shape);',
    types ? '    const own = layer as unknown as { activation: unknown };' : '    const own = layer;',
    types
      ? '    const upTo = tf.model({ inputs: model.inputs, outputs: layer.output as tf.SymbolicTensor });'
      : '    const upTo = tf.model({ inputs: model.inputs, outputs: layer.output });',
    '    const { activation } = own;',
    types
      ? "    own.activation = (tf.layers.activation({ activation: 'linear' }) as unknown as { activation: unknown }).activation;"
      : "    own.activation = tf.layers.activation({ activation: 'linear' }).activation;",
    '    for (let i = 0; i <= iterations; i++) {',
    '      layer.setWeights([weight, ...others]);',
    types
      ? '      const deviation = tf.tidy(() => tf.moments(upTo.predict(batch) as tf.Tensor).variance.sqrt().dataSync()[0]);'
      : '      const deviation = tf.tidy(() => tf.moments(upTo.predict(batch)).variance.sqrt().dataSync()[0]);',
    '      if (deviation === 0 || Math.abs(deviation - 1) <= tolerance) break;',
    '      weight = weight.div(deviation);',
    '    }',
    '    own.activation = activation;',
    '  }',
    '}',
  ],
});
