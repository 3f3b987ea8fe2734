/** New weights: after the statement that makes a layer, around the expression that does, or where they are set already. */
import { holderOf } from '../../source/edits/activation';
import { gates, orthogonalEdits, orthogonalInstead } from '../../source/edits/recurrent-init';
import { quoteOf } from '../../source/edits/references';
import { hasOwnLines, insertAfter } from '../../source/edits/statements';
import { activationName } from '../../source/pytorch-names';
import { placeOf } from '../../source/syntax';
import type { Initialization } from '../../source/trace';
import { numberArgument, type Layer, type Op } from '../../source/values';
import { DoesNotFit } from '../remedy';
import type { Code, Helper } from './code';
import type { SourceEditor } from './editors';
import { initializeTensorFlow } from './tensorflow-initialization';
import { activationAfter, byCreation, recurrentOps, siteKey, weightOps, type LayerOp } from './network';

export type Scheme = 'xavier-uniform' | 'xavier-normal' | 'kaiming-uniform' | 'kaiming-normal' | 'orthogonal';

const titles: Readonly<Record<Scheme, string>> = {
  'xavier-uniform': 'Initialize the weights with Xavier uniform',
  'xavier-normal': 'Initialize the weights with Xavier normal',
  'kaiming-uniform': 'Initialize the weights with Kaiming uniform',
  'kaiming-normal': 'Initialize the weights with Kaiming normal',
  orthogonal: 'Initialize the weights orthogonally',
};

export const initializationEditor = (scheme: Scheme): SourceEditor => ({
  stage: 'initialization',
  edit(code) {
    if (code.framework === 'tensorflow') {
      initializeTensorFlow(code, scheme);
      return titles[scheme];
    }
    const recurrent = scheme === 'orthogonal' ? recurrentOps(code) : [];
    if (recurrent.length > 0) {
      for (const ops of byCreation(recurrent)) setRecurrent(code, ops);
      return 'Initialize the recurrent weights orthogonally';
    }
    initializeWeights(code, scheme, (op) => (op ? activationName(op.name) : 'linear'));
    return titles[scheme];
  },
});

/** What `nonlinearity=` or `calculate_gain` takes for an activation. PyTorch knows few by name. */
interface Gain {
  nonlinearity: string;
  slope?: number;
}

const gainOf = (activation: string, slope: number | undefined): Gain => {
  switch (activation) {
    case 'linear':
    case 'tanh':
    case 'sigmoid':
      return { nonlinearity: activation };
    case 'hardsigmoid':
    case 'softsign':
      return { nonlinearity: 'sigmoid' };
    case 'selu':
      return { nonlinearity: 'linear' };
    case 'leakyrelu':
      return { nonlinearity: 'leaky_relu', ...(slope !== undefined && { slope }) };
    default:
      return { nonlinearity: 'relu' };
  }
};

const optionsOf = (code: Code, layer: Layer, scheme: Scheme, { nonlinearity, slope }: Gain): string => {
  const { file } = layer.site;
  const quote = quoteOf(file);
  const name = `${quote}${nonlinearity}${quote}`;
  if (scheme.startsWith('kaiming')) return `${slope === undefined ? '' : `a=${slope}, `}nonlinearity=${name}`;
  if (nonlinearity === 'linear' || nonlinearity === 'sigmoid') return '';
  const calculate = code.refer(file, 'torch.nn.init.calculate_gain');
  return `gain=${calculate}(${name}${slope === undefined ? '' : `, ${slope}`})`;
};

/** @param kindOf the activation whose gain is meant, by the op after a layer */
export const initializeWeights = (code: Code, scheme: Scheme, kindOf: (op: Op | undefined) => string): void => {
  const weights = weightOps(code);
  if (weights.length === 0) throw new DoesNotFit('There are no linear or convolution layers here.');
  const adjusted = new Set<string>();
  for (const ops of byCreation(weights)) {
    const { layer } = ops[0]!;
    if (layer.type.startsWith('Lazy'))
      throw new DoesNotFit(`${layer.type} has no weights to initialize before its first batch.`);
    const layers = new Set(ops.map((op) => op.layer));
    const present = code.trace.initializations.filter(
      ({ parameter }) => parameter.name === 'weight' && parameter.layer && layers.has(parameter.layer),
    );
    const wrapper = wrapperOf(code, layer);
    if (present.length > 0 && !wrapper) {
      for (const each of present) {
        if (adjusted.has(siteKey(each.site))) continue;
        adjusted.add(siteKey(each.site));
        adjust(code, each, scheme, kindOf);
      }
      continue;
    }
    const options = optionsOf(code, layer, scheme, commonGain(code, ops, kindOf));
    initialize(code, layer, `torch.nn.init.${scheme.replace('-', '_')}_`, options, wrapper);
  }
};

/** The gain for what most of the layers made at one place run into. */
const commonGain = (code: Code, ops: readonly LayerOp[], kindOf: (op: Op | undefined) => string): Gain => {
  const counts = new Map<string, { gain: Gain; count: number }>();
  for (const op of ops) {
    const activation = activationAfter(code, op);
    const call = activation?.layer?.call ?? activation?.call;
    const slope = call && numberArgument(call, 'negative_slope', activation?.layer ? 0 : 1);
    const gain = gainOf(kindOf(activation), slope);
    const key = JSON.stringify(gain);
    counts.set(key, { gain, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count)[0]!.gain;
};

const wrapperName = (path: string): string => `with_${path.slice(path.lastIndexOf('.') + 1).replace(/_$/, '')}`;

const initialize = (
  code: Code,
  layer: Layer,
  path: string,
  options: string,
  wrapper: { from: number; to: number } | undefined,
): void => {
  const { file } = layer.site;
  const { source } = file;
  const text = code.refer(file, path);
  const statement = placeOf(file.root, layer.site.from)?.statement;
  const [target, ...others] = statement?.kind === 'assign' && !statement.operator ? statement.targets : [];
  if (
    !wrapper &&
    statement?.kind === 'assign' &&
    target &&
    others.length === 0 &&
    (target.kind === 'name' || target.kind === 'attribute') &&
    statement.value.from === layer.site.from &&
    statement.value.to === layer.site.to &&
    hasOwnLines(source, statement)
  ) {
    const call = `${text}(${source.slice(target)}.weight${options && `, ${options}`})`;
    code.edit(file, insertAfter(source, statement, [call]));
    return;
  }
  const name = wrapperName(path);
  code.help(file, wrapperHelper(name, text));
  const inner = source.slice(layer.site);
  code.replace({ file, ...(wrapper ?? layer.site) }, `${name}(${inner}${options && `, ${options}`})`);
};

const wrapperHelper = (name: string, initialize: string): Helper => ({
  name,
  lines: [`def ${name}(layer, **options):`, `    ${initialize}(layer.weight, **options)`, '    return layer'],
});

/** The call of one of our helpers that a layer is made in. */
const wrapperOf = (_: Code, { site }: Layer): { from: number; to: number } | undefined => {
  const held = holderOf(site.file, site);
  if (held?.holder.kind !== 'call') return undefined;
  const callee = site.file.source.slice(held.holder.callee);
  return /^with_(xavier|kaiming)_(uniform|normal)$|^with_orthogonal$/.test(callee) ? held.holder : undefined;
};

/** `nn.init.xavier_uniform_(m.weight)` becomes ours, for all the layers that it sets. */
const adjust = (code: Code, present: Initialization, scheme: Scheme, kindOf: (op: Op | undefined) => string): void => {
  const { site, call } = present;
  const { file } = site;
  const line = file.source.lineOf(site.from) + 1;
  const together = code.trace.initializations.filter((each) => siteKey(each.site) === siteKey(site));
  const ops = together.flatMap(({ parameter }) => code.trace.ops.filter((op) => op.layer === parameter.layer));
  const known = ops.filter((op): op is LayerOp => op.category === 'weights' && op.layer !== undefined);
  if (known.length < ops.length || together.some(({ parameter }) => parameter.name !== 'weight'))
    throw new DoesNotFit(`Line ${line} sets these weights together with those of other kinds of layers.`);
  if (known.some((op) => !code.includesOp(op)))
    throw new DoesNotFit(`Line ${line} sets these weights together with those of other layers.`);
  const callee = call?.node.callee;
  const isFunction = /(^|\.)(xavier|kaiming|orthogonal|normal|uniform|trunc_normal|constant|zeros|ones|eye|dirac)/.test(
    callee ? file.source.slice(callee) : '',
  );
  const isMethod = callee?.kind === 'attribute' && /\.weight(\.data)?$/.test(file.source.slice(callee.object));
  const weight = isMethod ? callee.object : call?.node.arguments[0]?.value;
  if (!call || !weight || !isFunction || call.node.from === call.node.to)
    throw new DoesNotFit(`Line ${line} sets these weights in a way of its own.`);
  const options = optionsOf(code, known[0]!.layer, scheme, commonGain(code, known, kindOf));
  const text = code.refer(file, `torch.nn.init.${scheme.replace('-', '_')}_`);
  const written = `${text}(${file.source.slice(weight)}${options && `, ${options}`})`;
  if (written !== file.source.slice(site)) code.replace(site, written);
};

/** `nn.init.normal_(weight)` of recurrent weights becomes orthogonal. */
const adjustRecurrent = (code: Code, layer: Layer, { site, call }: Initialization): void => {
  const { file } = site;
  if (!code.first(`orthogonal ${siteKey(site)}`)) return;
  const own = recurrentOps(code).map((op) => op.layer);
  const isOwn = ({ parameter }: Initialization): boolean =>
    parameter.name.startsWith('weight_hh') &&
    parameter.layer !== undefined &&
    own.includes(parameter.layer) &&
    gates[parameter.layer.type] === gates[layer.type];
  const alone = code.trace.initializations.filter((each) => siteKey(each.site) === siteKey(site)).every(isOwn);
  const weight = call?.positional[0]?.value.kind === 'parameter' ? call.node.arguments[0]?.value : undefined;
  const edits = weight && call && alone ? orthogonalInstead(file, layer, call.node, weight) : undefined;
  if (!edits)
    throw new DoesNotFit(`Line ${file.source.lineOf(site.from) + 1} sets the recurrent weights; change it there.`);
  code.take(file, edits);
};

/** Every gate's hidden-to-hidden matrix orthogonal. */
const setRecurrent = (code: Code, ops: readonly LayerOp[]): void => {
  const { layer } = ops[0]!;
  const { file } = layer.site;
  const present = code.trace.initializations.filter(
    ({ parameter }) => parameter.layer === layer && parameter.name.startsWith('weight_hh'),
  );
  if (present.some(({ scheme }) => scheme === 'orthogonal_'))
    throw new DoesNotFit('The recurrent weights are orthogonal already.');
  for (const each of present) adjustRecurrent(code, layer, each);
  if (present.length > 0) return;
  const statements = orthogonalEdits(file, layer);
  if (statements) {
    code.take(file, statements);
    return;
  }
  const orthogonal = code.refer(file, 'torch.nn.init.orthogonal_');
  const quote = quoteOf(file);
  const name = 'with_orthogonal_recurrence';
  code.help(file, {
    name,
    lines: [
      `def ${name}(layer, gates=1):`,
      '    for name, parameter in layer.named_parameters():',
      `        if ${quote}weight_hh${quote} in name:`,
      '            for gate in parameter.data.chunk(gates):',
      `                ${orthogonal}(gate)`,
      '    return layer',
    ],
  });
  const blocks = gates[layer.type];
  code.wrap(layer.site, `${name}(`, blocks === undefined ? ')' : `, gates=${blocks})`);
};
