/** Self-attention in TensorFlow.js: a layer of the file's own in the place of a recurrent one, since there is none. */
import { isTypeScript } from '../../source/edits/javascript-helpers';
import { DoesNotFit } from '../remedy';
import type { Helper } from './code';
import type { SourceEditor } from './editors';
import { byCreation, recurrentOps } from './network';
import { configOf, entryOf, namespaceOf } from './tensorflow-layers';

/** What both layers take. */
const kept = /^(units|returnSequences|inputShape|batchInputShape|batchSize|dtype|name|trainable)$/;
/** What a layer without a state cannot do. */
const refused = ['returnState', 'stateful', 'goBackwards', 'initialState'];

export const tensorFlowSelfAttentionEditor: SourceEditor = {
  stage: 'cell',
  edit(code, { heads }) {
    const layers = recurrentOps(code).filter(({ layer }) => /^(simpleRNN|lstm|gru)$/.test(layer.type));
    if (layers.length === 0)
      throw new DoesNotFit(
        /\bSelfAttention\b/.test(code.file.source.text)
          ? 'There is self-attention here already.'
          : 'There is no recurrent layer here.',
      );
    for (const [{ layer }] of byCreation(layers) as [(typeof layers)[number]][]) {
      const { file } = layer.site;
      const { source } = file;
      const config = configOf(layer);
      const hindrance = refused.find((name) => entryOf(config, name));
      if (hindrance) throw new DoesNotFit(`The recurrent layer has ${hindrance}, which self-attention has not.`);
      if (config.entries.some(({ key }) => key?.kind !== 'string') || !entryOf(config, 'units'))
        throw new DoesNotFit('A layer takes its configuration from elsewhere; change it there.');
      if (/\b(bidirectional|timeDistributed)\(\s*\{[^}]*$/.test(source.text.slice(0, layer.site.from)))
        throw new DoesNotFit('The recurrent layer is wrapped; take the wrapper away first.');
      if (/\bmaskZero:\s*true|\blayers\.masking\(/.test(source.text))
        throw new DoesNotFit('The sequences are masked, which the layer written here does not look at.');
      code.help(file, helper(namespaceOf(layer), isTypeScript(file)));
      const options = config.entries.filter(({ key }) => key?.kind === 'string' && kept.test(key.value));
      const written = [...options.map((entry) => source.slice(entry)), ...(heads === 4 ? [] : [`heads: ${heads}`])];
      code.replace(layer.site, `new SelfAttention({ ${written.join(', ')} })`);
    }
    return 'Use self-attention instead of the recurrent layer';
  },
};

/** As in PyTorch's: y = norm(p + attention(p)), where p is the input brought to width by a linear layer. */
const helper = (tf: string, types: boolean): Helper => {
  const typed = (plain: string, type: string): string => (types ? `${plain}: ${type}` : plain);
  const override = types ? 'override ' : '';
  const pair = `[${tf}.LayerVariable, ${tf}.LayerVariable]`;
  const options = `ConstructorParameters<typeof ${tf}.layers.Layer>[0] & { units: number; returnSequences?: boolean; heads?: number }`;
  const tensors = `${tf}.Tensor | ${tf}.Tensor[]`;
  const shapes = `${tf}.Shape | ${tf}.Shape[]`;
  return {
    name: 'SelfAttention',
    lines: [
      '/** Attends to all time steps at once (Vaswani et al., 2017). Takes and gives what a recurrent layer does. */',
      `class SelfAttention extends ${tf}.layers.Layer {`,
      "  static className = 'SelfAttention';",
      ...(types
        ? [
            `  private readonly options: ${options};`,
            `  private parts?: Record<'projection' | 'queryKeyValue' | 'mixing' | 'norm', ${pair}>;`,
          ]
        : []),
      '',
      `  constructor(${typed('options', options)}) {`,
      `    super(options${types ? ` as ConstructorParameters<typeof ${tf}.layers.Layer>[0]` : ''});`,
      '    this.options = options;',
      '  }',
      '',
      `  ${override}build(${typed('shape', shapes)})${types ? ': void' : ''} {`,
      '    const { units } = this.options;',
      `    const { glorotUniform, ones, zeros } = ${tf}.initializers;`,
      `    const dense = (${typed('name', 'string')}, ${typed('from', 'number')}, ${typed('to', 'number')})${types ? `: ${pair}` : ''} => [`,
      "      this.addWeight(`${name}Kernel`, [from, to], 'float32', glorotUniform({})),",
      "      this.addWeight(`${name}Bias`, [to], 'float32', zeros()),",
      '    ];',
      '    this.parts = {',
      `      projection: dense('projection', shape[2]${types ? ' as number' : ''}, units),`,
      "      queryKeyValue: dense('queryKeyValue', units, 3 * units),",
      "      mixing: dense('mixing', units, units),",
      "      norm: [this.addWeight('gamma', [units], 'float32', ones()), this.addWeight('beta', [units], 'float32', zeros())],",
      '    };',
      '    super.build(shape);',
      '  }',
      '',
      `  ${override}computeOutputShape(${typed('shape', shapes)})${types ? `: ${tf}.Shape` : ''} {`,
      `    const [batch, time] = shape${types ? ` as ${tf}.Shape` : ''};`,
      '    const { units, returnSequences } = this.options;',
      '    return returnSequences ? [batch, time, units] : [batch, units];',
      '  }',
      '',
      `  ${override}call(${typed('inputs', tensors)})${types ? `: ${tf}.Tensor` : ''} {`,
      `    return ${tf}.tidy(() => {`,
      `      const x = Array.isArray(inputs) ? inputs[0] : inputs;`,
      `      const [batch, time] = x.shape${types ? ' as [number, number]' : ''};`,
      '      const { units, returnSequences, heads: most = 4 } = this.options;',
      '      let heads = Math.min(most, units);',
      '      while (units % heads !== 0) heads--;',
      `      const { projection, queryKeyValue, mixing, norm } = this.parts${types ? '!' : ''};`,
      `      const dense = (${typed('value', `${tf}.Tensor`)}, ${typed('[kernel, bias]', pair)})${types ? `: ${tf}.Tensor` : ''} =>`,
      `        ${tf}.matMul(value.reshape([batch * time, -1]), kernel.read()).add(bias.read()).reshape([batch, time, -1]);`,
      '      const p = dense(x, projection);',
      `      const [q, k, v] = ${tf}`,
      '        .split(dense(p, queryKeyValue), 3, 2)',
      '        .map((part) => part.reshape([batch, time, heads, units / heads]).transpose([0, 2, 1, 3]));',
      `      const weights = ${tf}.softmax(${tf}.matMul(q, k, false, true).div(Math.sqrt(units / heads)));`,
      `      const attended = ${tf}.matMul(weights, v).transpose([0, 2, 1, 3]).reshape([batch, time, units]);`,
      '      const sum = p.add(dense(attended, mixing));',
      `      const { mean, variance } = ${tf}.moments(sum, 2, true);`,
      '      const y = sum.sub(mean).div(variance.add(1e-5).sqrt()).mul(norm[0].read()).add(norm[1].read());',
      '      return returnSequences ? y : y.slice([0, time - 1, 0], [batch, 1, units]).reshape([batch, units]);',
      '    });',
      '  }',
      '',
      `  ${override}getConfig()${types ? `: ${tf}.serialization.ConfigDict` : ''} {`,
      '    const { units, returnSequences = false, heads = 4 } = this.options;',
      '    return { ...super.getConfig(), units, returnSequences, heads };',
      '  }',
      '}',
      `${tf}.serialization.registerClass(SelfAttention);`,
    ],
  };
};
