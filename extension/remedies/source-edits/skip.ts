/** Skips and gates around hidden blocks: `residual` and `highway`. */
import { argumentNamed, removeItem } from '../../source/edits/arguments';
import { insertAfter, removeStatement } from '../../source/edits/statements';
import { applyEdits } from '../../source/text';
import { argument, constantArgument, type Layer, type Op } from '../../source/values';
import { DoesNotFit, type RemedyParameters } from '../remedy';
import {
  groupsOf,
  inputText,
  isEven,
  needsBrackets,
  outermostFirst,
  type BlockGroup,
  type BlockPlace,
  type ForwardPlace,
} from './block-places';
import type { Code, Helper } from './code';
import { creationOf, ownerText } from './creation';
import type { SourceEditor } from './editors';
import { highwayInTensorFlow, residualInTensorFlow } from './tensorflow-skip';
import { hasAttention, plainSublayers, skipSublayers } from './sublayers';
import { blocksOf, featuresText, keepsShape, keepsSize, siteKey, type Block } from './network';

export const residualEditor: SourceEditor = {
  stage: 'skip',
  edit(code, parameters) {
    if (code.framework === 'tensorflow') residualInTensorFlow(code, plainBlocks(code));
    else addResidual(code, parameters);
    return 'Add residual connections';
  },
};

export const highwayEditor: SourceEditor = {
  stage: 'skip',
  edit(code, parameters) {
    if (code.framework === 'tensorflow') highwayInTensorFlow(code, plainBlocks(code), parameters);
    else addHighway(code, parameters);
    return 'Add highway gates';
  },
};

/** Blocks around which there is no skip yet. */
export const plainBlocks = (code: Code): Block[] => {
  const blocks = blocksOf(code);
  if (blocks.length === 0) throw new DoesNotFit('There is no hidden layer with an activation here.');
  const plain = blocks.filter(
    ({ weights, activation }) => !isSkipEnd(code, weights.inputs[0]) && !isSkipEnd(code, activation),
  );
  if (plain.length === 0) throw new DoesNotFit('The hidden layers here have skips around them already.');
  return plain;
};

/** Whether a value is added to another one, as it is or through a projection without activation. */
export const isSkipEnd = (code: Code, op: Op | undefined): boolean => {
  if (!op) return false;
  return code.flow.consumers(op).some((next) => {
    if (next.category === 'merge') return /^(add|\+)/.test(next.name) && next.inputs.length > 1;
    return next.category === 'pass' && /^Identity$/.test(next.name) && isSkipEnd(code, next);
  });
};

// ------------------------------------------------------------------ residual

const addResidual = (code: Code, { projection }: RemedyParameters): void => {
  if (hasAttention(code)) {
    skipSublayers(
      code,
      plainSublayers(code, (op) => isSkipEnd(code, op)),
    );
    return;
  }
  const plain = plainBlocks(code);
  const groups = outermostFirst(
    groupsOf(
      code,
      plain.filter((block) => isEven(code, block)),
    ),
  );
  // Where no block keeps its shape, the projection is the only residual there is.
  const isFirst = plain.length === blocksOf(code).length;
  const kept = groups.filter((group) => ['yes', 'some'].includes(shapeKept(group)));
  const projects = projection === true || (kept.length === 0 && isFirst);
  let refusal = 'There is no hidden block that a skip could go around.';
  let added = 0;
  for (const group of projects ? groups : kept) {
    const keeps = shapeKept(group);
    const [{ weights }] = group.blocks as [Block];
    if (keeps !== 'yes' && projects && projectionOf(code, weights.layer) === undefined) {
      refusal = `Around this ${weights.layer.type} neither the identity nor a linear map fits.`;
      continue;
    }
    const skip = keeps === 'yes' ? 'identity' : projects ? 'projection' : 'identity where it fits';
    // Where some of the layers may need no projection, the source tells them.
    const condition = keeps === 'some' || keeps === 'unknown' ? fitsText(weights.layer) : undefined;
    const identity = condition && `if ${condition} else `;
    if (group.place.kind === 'forward') skipInForward(code, group.place, group.blocks, skip, identity);
    else skipInSequence(code, group.place, weights.layer, skip, identity);
    added++;
  }
  if (added === 0) throw new DoesNotFit(refusal);
};

type Skip = 'identity' | 'identity where it fits' | 'projection';

/** Whether the blocks that one expression makes keep their shape: all, some, none, or nobody knows. */
const shapeKept = ({ blocks }: BlockGroup): 'yes' | 'some' | 'no' | 'unknown' => {
  const answers = new Set(blocks.map(({ weights }) => keepsShape(weights.layer)));
  if (answers.has(true)) return answers.size === 1 ? 'yes' : 'some';
  return answers.has(undefined) ? 'unknown' : 'no';
};

/** `nn.Linear(8, 16, bias=False)`, or a 1×1 convolution, that brings a layer's input to the shape of its output. */
const projectionOf = (code: Code, layer: Layer): string | undefined => {
  const [input, output] = [featuresText(layer, 'in'), featuresText(layer, 'out')];
  if (input === undefined || output === undefined) return undefined;
  const { file } = layer.site;
  if (layer.type === 'Linear') return `${code.refer(file, layer.path)}(${input}, ${output}, bias=False)`;
  if (!/^Conv[123]d$/.test(layer.type)) return undefined;
  const stride = argument(layer.call, 'stride', 3);
  const kernel = constantArgument(layer.call, 'kernel_size', 2);
  const padding = constantArgument(layer.call, 'padding', 4) ?? 0;
  // The sizes agree where the convolution is padded to half its kernel, whatever its stride.
  const fits =
    keepsSize(layer) === true ||
    (typeof kernel === 'number' && typeof padding === 'number' && 2 * padding === kernel - 1);
  if (!fits || constantArgument(layer.call, 'dilation', 5) !== undefined) return undefined;
  const isOne = stride?.node.kind === 'number' && stride.node.value === 1;
  const strides = stride && !isOne ? `, stride=${file.source.slice(stride.node)}` : '';
  return `${code.refer(file, layer.path)}(${input}, ${output}, 1${strides}, bias=False)`;
};

const skipInSequence = (
  code: Code,
  place: Exclude<BlockPlace, ForwardPlace>,
  layer: Layer,
  skip: Skip,
  identity: string | undefined,
): void => {
  const { file } = layer.site;
  const module = code.refer(file, 'torch.nn.Module');
  const nn = (name: string): string => code.refer(file, `torch.nn.${name}`);
  if (skip === 'identity where it fits') {
    code.help(file, fittingResidualHelper(module, nn('Sequential')));
    gather(code, place, 'FittingResidual', '', '');
    return;
  }
  code.help(file, residualHelper(module, nn('Sequential'), nn('Identity')));
  const projection = `${identity === undefined ? '' : `None ${identity}`}${projectionOf(code, layer)}`;
  gather(code, place, 'Residual', '', skip === 'identity' ? '' : `skip=${projection}`);
};

const residualHelper = (module: string, sequential: string, identity: string): Helper => ({
  name: 'Residual',
  lines: [
    `class Residual(${module}):`,
    '    """Adds its input to what its layers make of it."""',
    '',
    '    def __init__(self, *layers, skip=None):',
    '        super().__init__()',
    `        self.layers = ${sequential}(*layers)`,
    `        self.skip = ${identity}() if skip is None else skip`,
    '',
    '    def forward(self, x):',
    '        return self.skip(x) + self.layers(x)',
  ],
});

const fittingResidualHelper = (module: string, sequential: string): Helper => ({
  name: 'FittingResidual',
  lines: [
    `class FittingResidual(${module}):`,
    '    """Adds its input to what its layers make of it, where both have one shape."""',
    '',
    '    def __init__(self, *layers):',
    '        super().__init__()',
    `        self.layers = ${sequential}(*layers)`,
    '',
    '    def forward(self, x):',
    '        y = self.layers(x)',
    '        return x + y if x.shape == y.shape else y',
  ],
});

const addWhereItFits: Helper = {
  name: 'add_where_it_fits',
  lines: [
    'def add_where_it_fits(x, y):',
    '    """Adds the input x of a block to its output y, where both have one shape."""',
    '    return x + y if x.shape == y.shape else y',
  ],
};

/** Takes the layers of a block together into one module: `Residual(nn.Linear(8, 8), nn.ReLU())`. */
export const gather = (
  code: Code,
  place: Exclude<BlockPlace, ForwardPlace>,
  module: string,
  first: string,
  last: string,
): void => {
  const before = first && `${first}, `;
  const after = last && `, ${last}`;
  if (place.kind === 'items') {
    const [start, end] = [place.items[0]!, place.items.at(-1)!];
    if (place.callee) {
      code.replace(place.callee, module);
      if (first) code.edit(start.file, { from: start.from, to: start.from, insert: before });
      if (last) code.edit(end.file, { from: end.to, to: end.to, insert: after });
    } else code.wrap({ ...start, to: end.to }, `${module}(${before}`, `${after})`);
    return;
  }
  const { file } = place.values[0]!;
  const items = place.values.map((value) => file.source.slice(value)).join(', ');
  code.replace(place.values[0]!, `${module}(${before}${items}${after})`);
  if (place.kind === 'appends')
    for (const statement of place.statements.slice(1)) code.edit(file, removeStatement(file.source, statement));
  else for (const pair of place.pairs.slice(1)) code.edit(file, removeItem(file, pair));
};

/** `x = F.relu(self.fc(x))` becomes `x = x + F.relu(self.fc(x))`. */
const skipInForward = (
  code: Code,
  place: ForwardPlace,
  blocks: readonly Block[],
  kind: Skip,
  identity: string | undefined,
): void => {
  const { text, isLater } = inputText(code, place);
  if (kind === 'identity where it fits') {
    code.help(place.output.file, addWhereItFits);
    if (isLater) code.wrap(place.output, 'add_where_it_fits(y=', `, x=${text})`);
    else code.wrap(place.output, `add_where_it_fits(${text}, `, ')');
    return;
  }
  const module = (layer: Layer): string => {
    const nothing = identity && `${code.refer(layer.site.file, 'torch.nn.Identity')}() ${identity}`;
    return `${nothing ?? ''}${projectionOf(code, layer)}`;
  };
  const projection = kind === 'projection' ? attach(code, blocks, 'skip', module, []) : undefined;
  const skip = projection ? `${projection(blocks[0]!.weights)}(${text})` : text;
  const brackets = needsBrackets(place.outputPlace, place.output);
  const [open, close] = brackets ? ['(', ')'] : ['', ''];
  // The input has its name only once the block has been computed.
  if (isLater) code.wrap(place.output, open, ` + ${skip}${close}`);
  else code.wrap(place.output, `${open}${skip} + `, close);
};

/**
 * Gives layers a companion module: `self.fc_gate` beside `self.fc`, or `layer.gate` where layers are made in an
 * expression. Returns how the companion is written at a call of the layer.
 */
export const attach = (
  code: Code,
  blocks: readonly Block[],
  name: string,
  module: (layer: Layer) => string,
  more: readonly ((target: string) => string)[],
): ((op: Op) => string) => {
  const ops = blocks.map(({ weights }) => weights);
  const { layer } = ops[0]!;
  const { file } = layer.site;
  if (new Set(ops.map((op) => siteKey(op.layer.site))).size > 1)
    throw new DoesNotFit('The layers of a block are made at several places.');
  const creation = creationOf(code, ops);
  const done = !code.first(`${name} ${siteKey(layer.site)}`);
  if (creation.kind === 'attribute') {
    const target = `${creation.target}_${name}`;
    if (!done)
      code.edit(
        file,
        insertAfter(file.source, creation.statement, [
          `${target} = ${module(layer)}`,
          ...more.map((line) => line(target)),
        ]),
      );
    return (op) => `${ownerText(op)}.${creation.name}_${name}`;
  }
  if (creation.kind !== 'expression') throw new DoesNotFit('A layer is part of a sequence, and its activation is not.');
  if (!done) {
    code.help(file, {
      name: `with_${name}`,
      lines: [
        `def with_${name}(layer, ${name}):`,
        `    layer.${name} = ${name}`,
        ...more.map((line) => `    ${line(`layer.${name}`)}`),
        '    return layer',
      ],
    });
    code.wrap(layer.site, `with_${name}(`, `, ${module(layer)})`);
  }
  return (op) => `${op.site.file.source.slice(op.call!.node.callee)}.${name}`;
};

// ------------------------------------------------------------------ highway

const addHighway = (code: Code, { gate_bias: gateBias }: RemedyParameters): void => {
  const bias = String(gateBias);
  const groups = outermostFirst(
    groupsOf(
      code,
      plainBlocks(code).filter((block) => isEven(code, block)),
    ),
  ).filter((group) => shapeKept(group) === 'yes' || keepsWidthInSome(group));
  if (groups.length === 0)
    throw new DoesNotFit(
      'A highway gate needs hidden blocks whose output has the shape of their input; there are none.',
    );
  const isPartial = groups.some((group) => shapeKept(group) === 'some');
  for (const group of groups) {
    const { blocks, place } = group;
    const { layer } = blocks[0]!.weights;
    const { file } = layer.site;
    const isSome = shapeKept(group) === 'some';
    const gateFor = (each: Layer): string =>
      isSome ? `${gateOf(each)} if ${keepsWidth(each)} else None` : gateOf(each);
    const constant = code.refer(file, 'torch.nn.init.constant_');
    if (place.kind === 'forward') {
      const { site } = blocks[0]!.weights;
      const sigmoid = code.refer(site.file, 'torch.sigmoid');
      const { text } = inputText(code, place);
      const opened = (target: string): string =>
        isSome
          ? `if ${target} is not None: ${constant}(${target}.bias, ${bias})`
          : `${constant}(${target}.bias, ${bias})`;
      const gate = attach(code, blocks, 'gate', gateFor, [opened]);
      code.help(site.file, {
        name: 'highway',
        lines: [
          'def highway(h, x, gate):',
          '    """Lets h through where the gate is open, x where it is closed."""',
          ...(isPartial ? ['    if gate is None:', '        return h'] : []),
          `    t = ${sigmoid}(gate(x))`,
          '    return t * h + (1 - t) * x',
        ],
      });
      code.wrap(place.output, 'highway(', `, ${text}, ${gate(blocks[0]!.weights)})`);
      continue;
    }
    const module = code.refer(file, 'torch.nn.Module');
    const sequential = code.refer(file, 'torch.nn.Sequential');
    code.help(file, highwayHelper(module, sequential, constant, code.refer(file, 'torch.sigmoid'), isPartial));
    gather(code, place, 'Highway', gateFor(layer), bias === '-2' ? '' : `bias=${bias}`);
  }
};

/** Whether those of the blocks that do not keep the shape differ in nothing but the width. */
const keepsWidthInSome = (group: BlockGroup): boolean =>
  shapeKept(group) === 'some' &&
  group.blocks.every(
    ({ weights: { layer } }) =>
      keepsWidth(layer) !== undefined && (/Linear$/.test(layer.type) || keepsSize(layer) === true),
  );

/** A condition in the source: whether the identity fits around a layer that a projection fits around. */
const fitsText = (layer: Layer): string | undefined => {
  const width = keepsWidth(layer);
  const stride = /^Conv/.test(layer.type) ? argument(layer.call, 'stride', 3) : undefined;
  const isOne = stride?.node.kind === 'number' && stride.node.value === 1;
  return width && stride && !isOne ? `${width} and ${layer.site.file.source.slice(stride.node)} == 1` : width;
};

/** A condition in the source: whether a layer gives out as many features as it takes. */
const keepsWidth = (layer: Layer): string | undefined => {
  const [input, output] = [featuresText(layer, 'in'), featuresText(layer, 'out')];
  if (input === undefined || output === undefined) return undefined;
  const operand = (text: string): string => (/^[\w.]+$/.test(text) ? text : `(${text})`);
  return `${operand(input)} == ${operand(output)}`;
};

/** A layer of the same geometry, with a bias. */
const gateOf = (layer: Layer): string => {
  const { node, site } = layer.call;
  const { source } = site.file;
  const text = source.slice(node);
  const bias = argumentNamed(node, 'bias') ?? node.arguments[/Linear$/.test(layer.type) ? 2 : 7];
  const isBias = bias && (bias.name === undefined || bias.name === 'bias');
  if (!isBias) return text;
  const value = { from: bias.value.from - node.from, to: bias.value.to - node.from, insert: 'True' };
  return applyEdits(text, [value]);
};

const highwayHelper = (
  module: string,
  sequential: string,
  constant: string,
  sigmoid: string,
  isPartial: boolean,
): Helper => ({
  name: 'Highway',
  lines: [
    `class Highway(${module}):`,
    '    """Lets through what its layers make of its input where the gate is open, the input where it is closed."""',
    '',
    '    def __init__(self, gate, *layers, bias=-2):',
    '        super().__init__()',
    `        self.layers = ${sequential}(*layers)`,
    '        self.gate = gate',
    ...(isPartial
      ? ['        if gate is not None:', `            ${constant}(gate.bias, bias)`]
      : [`        ${constant}(gate.bias, bias)`]),
    '',
    '    def forward(self, x):',
    ...(isPartial ? ['        if self.gate is None:', '            return self.layers(x)'] : []),
    `        t = ${sigmoid}(self.gate(x))`,
    '        return t * self.layers(x) + (1 - t) * x',
  ],
});
