/** Skips between distant hidden values of equal width, the first to the last and so on inwards. */
import { insertAfter, insertBefore } from '../../source/edits/statements';
import { placesAround, type StatementOf } from '../../source/syntax';
import type { TextEdit } from '../../source/text';
import { DoesNotFit } from '../remedy';
import { freshName, groupsOf, isEven, needsBrackets, type BlockGroup, type ForwardPlace } from './block-places';
import { sameSite, type Code } from './code';
import { attach, isSkipEnd, plainBlocks, residualHelper } from './skip';
import { longSkipInTensorFlow } from './tensorflow-skip';
import type { SourceEditor } from './editors';
import { blocksOf, featuresText, keepsShape, keepsSize, together, type Block } from './network';

/** How far apart two blocks must be for a skip between them to be a long one. */
const minimumDistance = 3;

export const longSkipEditor: SourceEditor = {
  stage: 'skip',
  edit(code, { mode }) {
    if (code.framework === 'tensorflow') {
      if (mode === 'concat') throw new DoesNotFit('In TensorFlow.js the values are added, not concatenated.');
      longSkipInTensorFlow(code, plainBlocks(code));
      return 'Add long skip connections';
    }
    const even = blocksOf(code).filter((block) => isEven(code, block));
    const groups = groupsOf(code, even);
    if (even.some(({ activation }) => isSkipEnd(code, activation)) && mirrored(groups).length > 0)
      throw new DoesNotFit('There are skips around these layers already.');
    const loops = groups.filter(({ blocks }) => blocks.length > minimumDistance);
    if (loops.length > 0) for (const group of loops) inLoop(code, group, mode === 'concat');
    else betweenPlaces(code, groups, mode === 'concat');
    return 'Add long skip connections';
  },
};

const none = (): never => {
  throw new DoesNotFit('No two hidden layers three or more apart have outputs of equal shape.');
};

/** Pairs of blocks of equal output, nested like brackets, the outermost first. */
const mirrored = (groups: readonly BlockGroup[]): [BlockGroup, BlockGroup][] => {
  const pairs: [BlockGroup, BlockGroup][] = [];
  let end = groups.length - 1;
  for (let start = 0; start + minimumDistance <= end; start++) {
    const early = groups[start]!;
    const partner = groups.findLastIndex(
      (late, index) =>
        index >= start + minimumDistance && index <= end && isLike(groups.slice(start + 1, index + 1), early, late),
    );
    if (partner < 0) continue;
    pairs.push([early, groups[partner]!]);
    end = partner - 1;
  }
  return pairs;
};

const layerOf = ({ blocks }: BlockGroup): Block['weights']['layer'] => blocks[0]!.weights.layer;

/** Whether two blocks give out the same shape: the same width, and no convolution in between that changes the size. */
const isLike = (between: readonly BlockGroup[], early: BlockGroup, late: BlockGroup): boolean => {
  const width = featuresText(layerOf(early), 'out');
  if (width === undefined || width !== featuresText(layerOf(late), 'out')) return false;
  return between.every((group) => {
    const { type } = layerOf(group);
    return type === 'Linear' || keepsSize(layerOf(group)) === true;
  });
};

const betweenPlaces = (code: Code, groups: readonly BlockGroup[], concat: boolean): void => {
  const pairs = mirrored(groups);
  if (pairs.length === 0) none();
  const sequences = pairs.filter(([early, late]) => early.place.kind === 'items' && late.place.kind === 'items');
  if (sequences.length > 0) {
    if (concat) throw new DoesNotFit('In a sequence the values can be added, not concatenated.');
    inSequence(code, sequences);
    return;
  }
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

/** What stands between the two blocks of each pair becomes a module that adds its input to its output. */
const inSequence = (code: Code, pairs: readonly [BlockGroup, BlockGroup][]): void => {
  for (const [early, late] of pairs) {
    if (early.place.kind !== 'items' || late.place.kind !== 'items') continue;
    const { file } = early.place.items[0]!;
    const after = early.place.items.at(-1)!;
    const last = late.place.items.at(-1)!;
    if (early.place.callee || last.file !== file)
      throw new DoesNotFit('The layers are not made next to each other in one sequence.');
    const module = code.refer(file, 'torch.nn.Module');
    code.help(
      file,
      residualHelper(module, code.refer(file, 'torch.nn.Sequential'), code.refer(file, 'torch.nn.Identity')),
    );
    // Behind the comma and the white space after the early block.
    const gap = /^\s*,\s*/.exec(file.source.text.slice(after.to));
    if (!gap) throw new DoesNotFit('The layers are not made next to each other in one sequence.');
    const from = after.to + gap[0].length;
    const open: TextEdit = { from, to: from, insert: 'Residual(' };
    code.edit(file, open, { from: last.to, to: last.to, insert: ')' });
  }
};

/** In a loop over equal layers, each of the second half is added what its mirror image gave out. */
const inLoop = (code: Code, { blocks, place }: BlockGroup, concat: boolean): void => {
  const isSame = together(
    blocks.map(({ weights }) => weights.layer),
    keepsShape,
  );
  if (place.kind !== 'forward' || isSame !== true)
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
      `if ${index} - partner >= ${minimumDistance}:`,
      `${unit}${target.name} = ${target.name} + ${outputs}[partner]`,
    ]),
  );
};
