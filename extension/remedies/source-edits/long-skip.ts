/** Skips between distant hidden values of equal width, the first to the last and so on inwards. */
import { insertAfter, insertBefore } from '../../source/edits/statements';
import { placesAround, type StatementOf } from '../../source/syntax';
import { itemsOf, type Container } from '../../source/values';
import { DoesNotFit } from '../remedy';
import { longSkipDistance, mirrored, ofOneContainer } from '../skip-placement';
import { freshName, groupsOf, isEven, needsBrackets, type BlockGroup, type ForwardPlace } from './block-places';
import { sameSite, type Code } from './code';
import { attach, isSkipEnd, plainBlocks } from './skip';
import { longSkipInTensorFlow } from './tensorflow-skip';
import type { SourceEditor } from './editors';
import { longSkipsInSequence, sequenceOf } from './long-skip-sequence';
import { blocksOf, featuresText, outputShapes, type Block } from './network';

export const longSkipEditor: SourceEditor = {
  stage: 'skip',
  edit(code, { mode }) {
    if (code.framework === 'tensorflow') {
      if (mode === 'concat') throw new DoesNotFit('In TensorFlow.js the values are added, not concatenated.');
      longSkipInTensorFlow(code, plainBlocks(code));
      return 'Add long skip connections';
    }
    const even = ofOneContainer(
      blocksOf(code).filter((block) => isEven(code, block)),
      (block) => containerOf(code, block),
    );
    const sequence = sequenceOf(code, even);
    if (sequence) {
      if (mode === 'concat') throw new DoesNotFit('In a sequence the values can be added, not concatenated.');
      longSkipsInSequence(code, sequence, even);
      return 'Add long skip connections';
    }
    const groups = groupsOf(code, even);
    if (even.some(({ activation }) => isSkipEnd(code, activation)) && mirroredGroups(code, groups).length > 0)
      throw new DoesNotFit('There are skips around these layers already.');
    const loops = groups.filter(({ blocks }) => blocks.length > longSkipDistance);
    if (loops.length > 0) for (const group of loops) inLoop(code, group, mode === 'concat');
    else betweenPlaces(code, groups, mode === 'concat');
    return 'Add long skip connections';
  },
};

const none = (): never => {
  throw new DoesNotFit('No two hidden layers three or more apart have outputs of equal shape.');
};

/** Pairs of blocks of equal output, each made or called at a place of its own. */
const mirroredGroups = (code: Code, groups: readonly BlockGroup[]): [BlockGroup, BlockGroup][] => {
  const first = ({ blocks }: BlockGroup): Block => blocks[0]!;
  const shapes = outputShapes(code, groups.map(first));
  return mirrored(groups, (early, late) => shapes.get(first(early)) === shapes.get(first(late)));
};

/** The list or sequence of layers that a block's layer is an item of. */
const containerOf = ({ trace }: Code, { weights }: Block): Container | undefined =>
  trace.containers.find((container) => itemsOf(container).includes(weights.layer));

const betweenPlaces = (code: Code, groups: readonly BlockGroup[], concat: boolean): void => {
  const pairs = mirroredGroups(code, groups);
  if (pairs.length === 0) none();
  const calls = pairs.filter(([early, late]) => early.place.kind === 'forward' && late.place.kind === 'forward');
  if (calls.length === 0)
    throw new DoesNotFit(
      'The layers are made one after the other in a way that leaves no place for a skip between them.',
    );
  for (const [early, late] of calls) {
    const [from, to] = [early.place, late.place] as [ForwardPlace, ForwardPlace];
    if (from.function.from !== to.function.from) throw new DoesNotFit('The layers are called in different functions.');
    const name = keep(code, from, calls.findIndex(([each]) => each === early) + 1);
    joined(code, late, to, name, concat);
  }
};

/** Keeps what a block gives out under a name. */
const keep = (code: Code, { output, outputPlace, function: around }: ForwardPlace, index: number): string => {
  const { file } = output;
  const name = `${freshName(code, file, around, 'long_skip')}_${index}`;
  const { statement } = outputPlace;
  const isWhole = statement.kind === 'assign' && sameSite({ file, ...statement.value }, output);
  const [target] = statement.kind === 'assign' ? statement.targets : [];
  if (isWhole && target?.kind === 'name')
    code.edit(file, insertAfter(file.source, statement, [`${name} = ${target.name}`]));
  else code.wrap(output, `(${name} := `, ')');
  return name;
};

const joined = (code: Code, late: BlockGroup, place: ForwardPlace, name: string, concat: boolean): void => {
  const { file } = place.output;
  if (!concat) {
    const brackets = needsBrackets(place.outputPlace, place.output);
    code.wrap(place.output, brackets ? '(' : '', ` + ${name}${brackets ? ')' : ''}`);
    return;
  }
  const cat = code.refer(file, 'torch.cat');
  const { layer } = late.blocks[0]!.weights;
  const width = featuresText(layer, 'out')!;
  const twice = /^[\w.]+$/.test(width) ? `2 * ${width}` : `2 * (${width})`;
  const isLinear = layer.type === 'Linear';
  const merge = attach(
    code,
    late.blocks,
    'merge',
    () => `${code.refer(layer.site.file, layer.path)}(${twice}, ${width}, ${isLinear ? '' : '1, '}bias=False)`,
    [],
  );
  code.wrap(place.output, `${merge(late.blocks[0]!.weights)}(${cat}([`, `, ${name}], ${isLinear ? '-1' : '1'}))`);
};

/** In a loop over layers of equal outputs, each of the second half is added what its mirror image gave out. */
const inLoop = (code: Code, { blocks, place }: BlockGroup, concat: boolean): void => {
  const isSame = new Set(outputShapes(code, blocks).values()).size === 1;
  if (place.kind !== 'forward' || !isSame)
    throw new DoesNotFit(
      'The layers are made in a loop that leaves no place for a skip between them; write it by hand.',
    );
  if (concat) throw new DoesNotFit('In a loop the values can be added, not concatenated.');
  const { file } = place.output;
  const { source } = file;
  const loop = placesAround(file.root, place.output.from)
    .map(({ statement }) => statement)
    .findLast(
      (statement): statement is StatementOf<'for'> => statement.kind === 'for' && statement.from > place.function.from,
    );
  const { statement } = place.outputPlace;
  const [target] = statement.kind === 'assign' ? statement.targets : [];
  const iterable = loop && source.slice(loop.iterable);
  if (
    !loop ||
    iterable === undefined ||
    !['name', 'attribute'].includes(loop.iterable.kind) ||
    loop.target.kind !== 'name' ||
    loop.body !== place.outputPlace.block ||
    target?.kind !== 'name'
  )
    throw new DoesNotFit(
      'The layers are called in a loop that leaves no place for a skip between them; write it by hand.',
    );
  const outputs = freshName(code, file, place.function, 'outputs');
  const index = freshName(code, file, place.function, 'index');
  code.edit(file, insertBefore(source, loop, [`${outputs} = []`]));
  code.edit(file, { from: loop.target.from, to: loop.target.from, insert: `${index}, ` });
  code.edit(
    file,
    { from: loop.iterable.from, to: loop.iterable.from, insert: 'enumerate(' },
    { from: loop.iterable.to, to: loop.iterable.to, insert: ')' },
  );
  const last = loop.body.statements.at(-1)!;
  const unit = source.indentation(last.from).slice(source.indentation(loop.from).length);
  code.edit(
    file,
    insertAfter(source, last, [
      `${outputs}.append(${target.name})`,
      `partner = len(${iterable}) - 1 - ${index}`,
      `if ${index} - partner >= ${longSkipDistance}:`,
      `${unit}${target.name} = ${target.name} + ${outputs}[partner]`,
    ]),
  );
};
