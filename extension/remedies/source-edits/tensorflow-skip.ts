/** Skips and gates of TensorFlow.js: in the functional API, and as a nested model in a sequence. */
import { isTypeScript } from '../../source/edits/javascript-helpers';
import { hasOwnLines, insertAfter, removeStatement } from '../../source/edits/statements';
import { placeOf } from '../../source/syntax';
import type { Layer, Site } from '../../source/values';
import { DoesNotFit, type RemedyParameters } from '../remedy';
import { isReassigned } from './block-places';
import { groupBy, sameSite, type Code, type Helper } from './code';
import { siteKey, type Block } from './network';
import {
  applicationOf,
  configOf,
  featuresOf,
  inputOf,
  keepsShapeInTensorFlow,
  namespaceOf,
  residualModel,
  shapeText,
} from './tensorflow-layers';

/** The blocks of each place in the source that keep their shape. */
const evenPlaces = (blocks: readonly Block[], what: string): Block[] => {
  const places = [...groupBy(blocks, ({ weights }) => siteKey(weights.layer.site)).values()];
  const even = places.filter((group) => group.every(keepsShapeInTensorFlow)).map(([first]) => first!);
  if (even.length === 0) throw new DoesNotFit(what);
  return even;
};

export const residualInTensorFlow = (code: Code, blocks: readonly Block[]): void => {
  const even = evenPlaces(
    blocks,
    'No hidden layer gives out the shape that it takes, as far as the source tells; a skip needs that.',
  );
  for (const block of even) {
    const { layer } = block.weights;
    const { file } = layer.site;
    const types = isTypeScript(file);
    const tf = namespaceOf(layer);
    const sequence = sequenceOf(code, block);
    if (sequence) {
      code.help(file, residualModel(types));
      gather(code, sequence, `residual(${shapeText(block)}, [`, '])');
    } else {
      const { output, input } = applied(block);
      code.wrap(output, `${tf}.layers.add().apply([${input}, `, types ? '] as tf.SymbolicTensor[])' : '])');
    }
  }
};

export const highwayInTensorFlow = (
  code: Code,
  blocks: readonly Block[],
  { gate_bias: bias }: RemedyParameters,
): void => {
  const even = evenPlaces(
    blocks,
    'A highway gate needs hidden layers whose output has the shape of their input; there are none.',
  );
  for (const block of even) {
    const { layer } = block.weights;
    const { file } = layer.site;
    const types = isTypeScript(file);
    code.help(file, highwayMix(types));
    const gate = gateText(layer, String(bias));
    const sequence = sequenceOf(code, block);
    if (sequence) {
      code.help(file, highwayModel(types));
      gather(code, sequence, `highway(${shapeText(block)}, ${gate}, [`, '])');
    } else {
      const { output, input } = applied(block);
      code.wrap(
        output,
        'new HighwayMix().apply([',
        `, ${input}, ${gate}.apply(${input})]${types ? ' as tf.SymbolicTensor[]' : ''})`,
      );
    }
  }
};

/** A layer of the same geometry with a sigmoid and the bias of a gate. */
const gateText = (layer: Layer, bias: string): string => {
  const { file } = layer.site;
  const { source } = file;
  const tf = namespaceOf(layer);
  const dropped = /^(activation|biasInitializer|useBias|inputShape|name|kernelInitializer)$/;
  const kept = configOf(layer).entries.filter(({ key }) => key?.kind !== 'string' || !dropped.test(key.value));
  const entries = [
    ...kept.map((entry) => source.slice(entry)),
    "activation: 'sigmoid'",
    `biasInitializer: ${tf}.initializers.constant({ value: ${bias} })`,
  ];
  return `${source.slice(layer.call.node.callee)}({ ${entries.join(', ')} })`;
};

// ------------------------------------------------------------------ in a sequence

/** The items of a block in `tf.sequential`, or the statements that add them. */
type Sequence = { kind: 'items'; sites: readonly Site[] } | { kind: 'adds'; sites: readonly Site[] };

const sequenceOf = (code: Code, block: Block): Sequence | undefined => {
  const { weights, activation } = block;
  const layers = activation.layer === weights.layer ? [weights.layer] : layersBetween(block);
  const applications = layers.map((layer) => applicationOf(code, layer));
  const [first] = applications;
  if (first?.kind === 'apply') return undefined;
  const sites = layers.map(({ site }) => site);
  if (applications.every((each) => each.kind === 'item' && first?.kind === 'item' && sameSite(each.list, first.list)))
    return { kind: 'items', sites };
  const isOne = applications.every(
    (each, index) =>
      each.kind === 'add' &&
      first?.kind === 'add' &&
      each.model === first.model &&
      each.place.block === first.place.block &&
      each.place.index === first.place.index + index,
  );
  if (!isOne) throw new DoesNotFit('The layers of a block are not made next to each other.');
  return { kind: 'adds', sites };
};

const layersBetween = ({ weights, activation }: Block): Layer[] => {
  const layers: Layer[] = [];
  for (let op = activation; op !== weights; op = op.inputs[0]!) {
    if (!op.layer) throw new DoesNotFit('A layer and its activation are computed in different places.');
    layers.unshift(op.layer);
  }
  return [weights.layer, ...layers];
};

const gather = (code: Code, { kind, sites }: Sequence, before: string, after: string): void => {
  const [first] = sites as [Site];
  const last = sites.at(-1)!;
  const { file } = first;
  if (kind === 'items' || sites.length === 1) {
    code.wrap({ ...first, to: last.to }, before, after);
    return;
  }
  code.replace(first, before + sites.map((site) => file.source.slice(site)).join(', ') + after);
  for (const site of sites.slice(1)) {
    const statement = placeOf(file.root, site.from)!.statement;
    if (hasOwnLines(file.source, statement)) code.edit(file, removeStatement(file.source, statement));
  }
};

// ------------------------------------------------------------------ in the functional API

/** The expression that ends a block and the name of what it takes. */
const applied = ({ weights, activation }: Block): { output: Site; input: string } => {
  const { file } = weights.site;
  const input = inputOf(weights);
  const output = activation.layer === weights.layer ? weights.site : activation.site;
  const call = placeOf(file.root, weights.site.from);
  const end = placeOf(file.root, output.from);
  const fits =
    input?.kind === 'name' &&
    call &&
    end &&
    output.file === file &&
    call.block === end.block &&
    (call.statement === end.statement || !isReassigned(end, call.statement, end.statement, input.name));
  if (!fits)
    throw new DoesNotFit('What a layer is applied to has no name of its own; give it one, then a skip can be written.');
  return { output, input: input.name };
};

// ------------------------------------------------------------------ long skips

const minimumDistance = 3;

export const longSkipInTensorFlow = (code: Code, blocks: readonly Block[]): void => {
  const distinct = [...groupBy(blocks, ({ weights }) => siteKey(weights.layer.site)).values()];
  if (distinct.some((group) => group.length > 1))
    throw new DoesNotFit(
      'The layers are made in a loop that leaves no place for a skip between them; write it by hand.',
    );
  const pairs = mirrored(distinct.map(([first]) => first!));
  if (pairs.length === 0) throw new DoesNotFit('No two hidden layers three or more apart have outputs of equal shape.');
  for (const [index, [early, late]] of pairs.entries()) {
    const { layer } = late.weights;
    const { file } = layer.site;
    const types = isTypeScript(file);
    const [from, to] = [sequenceOf(code, early), sequenceOf(code, late)];
    if (from && to) {
      if (from.kind !== 'items' || to.kind !== 'items')
        throw new DoesNotFit('Layers that are added one by one leave no place for a skip; use the functional API.');
      const after = from.sites.at(-1)!;
      const gap = /^\s*,\s*/.exec(file.source.text.slice(after.to));
      if (!gap) throw new DoesNotFit('The layers are not made next to each other in one sequence.');
      code.help(file, residualModel(types));
      code.wrap(
        { file, from: after.to + gap[0].length, to: to.sites.at(-1)!.to },
        `residual(${shapeText(late)}, [`,
        '])',
      );
      continue;
    }
    if (from || to) throw new DoesNotFit('The layers are applied in different ways.');
    const [source, target] = [applied(early), applied(late)];
    const statement = placeOf(file.root, source.output.from)!.statement;
    const [name] = statement.kind === 'assign' ? statement.targets : [];
    if (statement.kind !== 'assign' || name?.kind !== 'name')
      throw new DoesNotFit('What the early layer gives out has no name of its own.');
    const kept = `longSkip${index + 1}`;
    const end = file.source.text
      .slice(statement.from, statement.to + 1)
      .trimEnd()
      .endsWith(';')
      ? ';'
      : '';
    code.edit(file, insertAfter(file.source, statement, [`const ${kept} = ${name.name}${end}`]));
    code.wrap(
      target.output,
      `${namespaceOf(layer)}.layers.add().apply([${kept}, `,
      types ? '] as tf.SymbolicTensor[])' : '])',
    );
  }
};

const mirrored = (blocks: readonly Block[]): [Block, Block][] => {
  const pairs: [Block, Block][] = [];
  let end = blocks.length - 1;
  for (let start = 0; start + minimumDistance <= end; start++) {
    const width = featuresOf(blocks[start]!.weights.layer);
    const partner = blocks.findLastIndex(
      (late, index) =>
        index >= start + minimumDistance &&
        index <= end &&
        width !== undefined &&
        featuresOf(late.weights.layer) === width &&
        blocks.slice(start + 1, index + 1).every(keepsSize),
    );
    if (partner < 0) continue;
    pairs.push([blocks[start]!, blocks[partner]!]);
    end = partner - 1;
  }
  return pairs;
};

const keepsSize = (block: Block): boolean => block.weights.layer.type === 'dense' || keepsShapeInTensorFlow(block);

// ------------------------------------------------------------------ helpers

const highwayMix = (types: boolean): Helper => ({
  name: 'HighwayMix',
  lines: [
    '/** Lets h through where the gate is open, x where it is closed. */',
    'class HighwayMix extends tf.layers.Layer {',
    "  static className = 'HighwayMix';",
    ...(types
      ? [
          '  override computeOutputShape(shapes: tf.Shape | tf.Shape[]): tf.Shape {',
          '    return shapes[0] as tf.Shape;',
          '  }',
          '  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {',
          '    const [h, x, gate] = inputs as tf.Tensor[];',
        ]
      : ['  computeOutputShape(shapes) {', '    return shapes[0];', '  }', '  call([h, x, gate]) {']),
    '    return tf.tidy(() => tf.add(tf.mul(gate, h), tf.mul(tf.sub(1, gate), x)));',
    '  }',
    '}',
    'tf.serialization.registerClass(HighwayMix);',
  ],
});

const highwayModel = (types: boolean): Helper => ({
  name: 'highway',
  lines: [
    '/** Layers with a gate that lets their input through instead of what they make of it, as one layer. */',
    types
      ? 'function highway(shape: (number | null)[], gate: tf.layers.Layer, layers: tf.layers.Layer[]): tf.LayersModel {'
      : 'function highway(shape, gate, layers) {',
    '  const input = tf.input({ shape });',
    types
      ? '  const output = layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input);'
      : '  const output = layers.reduce((x, layer) => layer.apply(x), input);',
    types
      ? '  const mixed = new HighwayMix().apply([output, input, gate.apply(input) as tf.SymbolicTensor]) as tf.SymbolicTensor;'
      : '  const mixed = new HighwayMix().apply([output, input, gate.apply(input)]);',
    '  return tf.model({ inputs: input, outputs: mixed });',
    '}',
  ],
});
