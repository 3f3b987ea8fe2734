/** Another learning rate, where the optimizer is given it. */
import { argumentNamed, setArgument, setEntry } from '../../source/edits/arguments';
import type { ParsedSource } from '../../source/parse';
import type { Expression } from '../../source/syntax';
import { learningRatesByName } from '../../source/tensorflow-names';
import { configEntry, type LibraryObject } from '../../source/values';
import { DoesNotFit } from '../remedy';
import type { Code } from './code';
import type { SourceEditor } from './editors';
import { siteKey } from './network';
import { learningRateNode } from './training-loop';

/** For `lower-lr` and `raise-lr`. */
export const learningRateEditor: SourceEditor = {
  stage: 'optimizer',
  edit(code, parameters) {
    const factor = Number(parameters.factor);
    scaleLearningRate(code, factor);
    return `Multiply the learning rate by ${factor}`;
  },
};

/** A product without the digits that binary fractions bring along. */
const product = (a: number, b: number): string => String(Number((a * b).toPrecision(12)));

export const scaleLearningRate = (code: Code, factor: number): void => {
  if (code.framework === 'tensorflow') {
    inTensorFlow(code, factor);
    return;
  }
  const optimizers = code.trace.objects.filter((each) => each.type === 'optimizer' && isMeant(code, each));
  const trainers = code.trace.objects.filter(
    (each) => each.type === 'trainer' && each.path.startsWith('transformers.') && isMeant(code, each),
  );
  if (optimizers.length + trainers.length === 0) throw new DoesNotFit('No optimizer is made here.');
  for (const optimizer of optimizers) if (code.first(siteKey(optimizer.site))) inOptimizer(code, optimizer, factor);
  for (const { call, site } of trainers) {
    const present = argumentNamed(call.node, 'learning_rate')?.value;
    code.edit(
      site.file,
      setArgument(
        site.file,
        call.node,
        'learning_rate',
        present ? scaled(site.file, present, factor) : product(5e-5, factor),
      ),
    );
  }
};

const isMeant = (code: Code, object: LibraryObject): boolean =>
  code.includes(object.site) ||
  code.trace.events.some(
    ({ kind, target, site }) => kind === 'optimizer-step' && target === object && code.includes(site),
  );

/** An expression times a factor; a factor that is there already is multiplied. */
const scaled = (file: ParsedSource, node: Expression, factor: number): string => {
  const text = file.source.slice(node);
  if (node.kind === 'number') return product(node.value, factor);
  if (node.kind === 'binary' && node.operator === '*' && node.right.kind === 'number')
    return `${file.source.slice(node.left)} * ${product(node.right.value, factor)}`;
  return `${['name', 'attribute', 'call', 'subscript'].includes(node.kind) ? text : `(${text})`} * ${factor}`;
};

/** PyTorch's defaults, by class. */
const defaults: Readonly<Record<string, number>> = {
  SGD: 1e-3,
  Adam: 1e-3,
  AdamW: 1e-3,
  Adamax: 2e-3,
  NAdam: 2e-3,
  RAdam: 1e-3,
  RMSprop: 1e-2,
  Adagrad: 1e-2,
  Adadelta: 1,
  ASGD: 1e-2,
  Rprop: 1e-2,
};

const inOptimizer = (code: Code, optimizer: LibraryObject, factor: number): void => {
  const { call, site } = optimizer;
  const { file } = site;
  const present = learningRateNode(optimizer);
  if (/["']lr["']\s*:|\bdict\([^)]*\blr\s*=/.test(file.source.slice(call.node.arguments[0] ?? { from: 0, to: 0 })))
    throw new DoesNotFit('The parameter groups have learning rates of their own; lower them there.');
  if (present) {
    code.replace({ file, from: present.from, to: present.to }, scaled(file, present, factor));
    return;
  }
  const name = optimizer.path.slice(optimizer.path.lastIndexOf('.') + 1);
  const standard = defaults[name];
  if (standard === undefined || call.open)
    throw new DoesNotFit(`The learning rate of this ${name} is not given where it is made.`);
  code.edit(file, setArgument(file, call.node, 'lr', product(standard, factor)));
};

/** TensorFlow.js's defaults. */
const tensorFlowDefaults: Readonly<Record<string, number>> = {
  sgd: 0.01,
  adam: 0.001,
  adamax: 0.002,
  adadelta: 0.001,
  adagrad: 0.01,
  rmsprop: 0.001,
};

const inTensorFlow = (code: Code, factor: number): void => {
  let found = false;
  for (const optimizer of code.trace.objects) {
    if (optimizer.type !== 'optimizer' || !isMeant(code, optimizer) || !code.first(siteKey(optimizer.site))) continue;
    found = true;
    const { file } = optimizer.site;
    const { node } = optimizer.call;
    const [rate] = node.arguments;
    const name = optimizer.path.slice(optimizer.path.lastIndexOf('.') + 1);
    const standard = tensorFlowDefaults[name];
    if (rate) code.replace({ file, from: rate.value.from, to: rate.value.to }, scaled(file, rate.value, factor));
    else if (standard !== undefined)
      code.edit(file, {
        from: node.argumentList.from + 1,
        to: node.argumentList.from + 1,
        insert: product(standard, factor),
      });
    else throw new DoesNotFit(`The learning rate of this ${name} is not given where it is made.`);
  }
  for (const { kind, call, site } of code.trace.events) {
    if (kind !== 'compile' || !call || !code.includes(site)) continue;
    const entry = configEntry(call, 'optimizer');
    const name = entry?.value.kind === 'constant' ? String(entry.value.value).toLowerCase() : '';
    const standard = learningRatesByName[name];
    const config = call.node.arguments[0]?.value;
    if (!entry || standard === undefined || config?.kind !== 'dict') continue;
    found = true;
    code.edit(site.file, setEntry(config, 'optimizer', `tf.train.${name}(${product(standard, factor)})`));
  }
  if (!found) throw new DoesNotFit('No optimizer is made here.');
};
