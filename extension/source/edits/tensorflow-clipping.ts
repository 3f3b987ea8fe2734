/** Gradient clipping in TensorFlow.js: its optimizers have no option for it, so the optimizer is wrapped. */
import type { ParsedSource } from '../parse';
import type { TextEdit } from '../text';
import { learningRatesByName } from '../tensorflow-names';
import { configEntry, type Value } from '../values';
import type { ClippingStep } from './clipping';
import { addHelper, isTypeScript } from './javascript-helpers';

const helpers = {
  norm: {
    name: 'clipByGlobalNorm',
    limit: 'maxNorm',
    doc: '/** Scales all gradients together so that their global norm is at most maxNorm. */',
    body: [
      'const norm = tf.sqrt(tf.addN(named.map(({ tensor }) => tf.sum(tf.square(tensor)))));',
      'const scale = tf.minimum(tf.div(maxNorm, tf.add(norm, 1e-6)), 1);',
      'apply(named.map(({ name, tensor }) => ({ name, tensor: tf.mul(tensor, scale) })));',
    ],
  },
  value: {
    name: 'clipByElement',
    limit: 'clipValue',
    doc: '/** Clamps every gradient to [-clipValue, clipValue]. */',
    body: [
      'apply(named.map(({ name, tensor }) => ({ name, tensor: tf.clipByValue(tensor, -clipValue, clipValue) })));',
    ],
  },
} as const;

/** The function that wraps an optimizer, with types where the file has types. */
const helperLines = (which: 'norm' | 'value', types: boolean): string[] => {
  const { name, limit, doc, body } = helpers[which];
  const signature = types
    ? `function ${name}(optimizer: tf.Optimizer, ${limit}: number): tf.Optimizer {`
    : `function ${name}(optimizer, ${limit}) {`;
  const gradients = types ? `(gradients: Parameters<tf.Optimizer['applyGradients']>[0])` : '(gradients)';
  return [
    doc,
    signature,
    '  const apply = optimizer.applyGradients.bind(optimizer);',
    `  optimizer.applyGradients = ${gradients} =>`,
    '    tf.tidy(() => {',
    '      const named = Array.isArray(gradients)',
    '        ? gradients',
    '        : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));',
    ...body.map((line) => `      ${line}`),
    '    });',
    '  return optimizer;',
    '}',
  ];
};

/** Wraps the optimizer that steps, where it is made. */
export const clipTensorFlow = (
  file: ParsedSource,
  step: ClippingStep,
  which: 'norm' | 'value',
  limit: string,
): TextEdit[] | undefined => {
  const optimizer: { value: Value; span: { from: number; to: number } } | undefined = optimizerOf(step);
  if (!optimizer) return undefined;
  const { value, span } = optimizer;
  const { name } = helpers[which];
  const helper = addHelper(file, name, helperLines(which, isTypeScript(file)));
  if (value.kind === 'constant' && typeof value.value === 'string') {
    const named = value.value.toLowerCase();
    const rate = learningRatesByName[named];
    if (rate === undefined) return undefined;
    return [...helper, { ...span, insert: `${name}(tf.train.${named}(${rate}), ${limit})` }];
  }
  if (value.kind !== 'object' || value.site.file !== file) return undefined;
  const { from, to } = value.site;
  return [...helper, { from, to: from, insert: `${name}(` }, { from: to, to, insert: `, ${limit})` }];
};

const optimizerOf = (step: ClippingStep): { value: Value; span: { from: number; to: number } } | undefined => {
  if (step.kind !== 'compile') return step.target && { value: step.target, span: step.site };
  const entry = step.call && configEntry(step.call, 'optimizer');
  return entry && { value: entry.value, span: entry.node };
};
