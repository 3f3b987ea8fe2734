/** Long skips in an `nn.Sequential`, however the list of its layers comes about. */
import { itemsOf, type Container, type Value } from '../../source/values';
import { DoesNotFit } from '../remedy';
import { longSkipDistance, mirrored } from '../skip-placement';
import { sameSite, type Code, type Helper } from './code';
import { modulePaths } from './module-paths';
import { outputShapes, type Block } from './network';

/** The sequences, made by one expression and called as a whole, that all of the blocks are items of. */
export const sequenceOf = (code: Code, blocks: readonly Block[]): Container[] | undefined => {
  const found = code.trace.containers.filter(
    (container) => container.type === 'Sequential' && blocks.some((block) => holds(code, container, block)),
  );
  const [first] = found;
  const isOne = first && found.every(({ site }) => sameSite(site, first.site));
  if (!isOne || !blocks.every((block) => found.some((each) => holds(code, each, block)))) return undefined;
  // What a network has several of was tried with skips from one to another.
  for (const paths of modulePaths(code.trace).values())
    if (found.filter((container) => paths.has(container)).length > 1)
      throw new DoesNotFit(
        'The skips would join layers of several sequences, between which there is no place for them.',
      );
  return found;
};

const holds = (code: Code, container: Container, { weights, activation }: Block): boolean => {
  const items = itemsOf(container);
  if (!items.includes(weights.layer) || !activation.layer || !items.includes(activation.layer)) return false;
  // A network that nothing calls is followed by itself, from where it is made.
  const calls = code.trace.calls.filter(({ module }) => module === container);
  return calls.some(({ site }) => sameSite(site, weights.site)) || sameSite(container.site, weights.site);
};

/** Every sequence that the expression makes gets the skips. @throws DoesNotFit */
export const longSkipsInSequence = (code: Code, sequences: readonly Container[], blocks: readonly Block[]): void => {
  const [{ call, site, path }] = sequences as [Container];
  const { file } = site;
  const ends = new Set(sequences.map((each) => endsText(code, each, blocks)));
  const others = code.trace.containers.filter((each) => sameSite(each.site, site) && !sequences.includes(each));
  // A sequence too short for a skip gets none.
  if (ends.size !== 1 || others.some((each) => itemsOf(each).length > 2 * longSkipDistance))
    throw new DoesNotFit('One expression makes sequences of several lengths here.');
  const { callee, argumentList } = call.node;
  if (callee.from === callee.to) throw new DoesNotFit('The sequence is made in a way that leaves no place for a skip.');
  code.help(file, longSkipsHelper(code.refer(file, 'torch.nn.Module'), code.refer(file, path)));
  code.replace({ file, from: callee.from, to: callee.to }, 'LongSkips');
  const at = argumentList.to - 1;
  const inside = file.source.text.slice(argumentList.from + 1, at);
  const comma = inside.trim() === '' ? '' : inside.trimEnd().endsWith(',') ? ' ' : ', ';
  const from = argumentList.from + 1 + inside.trimEnd().length;
  code.edit(file, { from, to: from, insert: `${comma}ends=${[...ends][0]}` });
};

/** An item of a sequence with which a block ends. */
interface End {
  index: number;
  /** Equal where the outputs have one shape. */
  shape: string;
}

/** Which items the ends of the blocks are that skips join, as a slice. @throws DoesNotFit */
const endsText = (code: Code, container: Container, blocks: readonly Block[]): string => {
  const items = itemsOf(container);
  const all = endsOf(code, items, blocks);
  const [outermost] = mirrored(all, (a, b) => a.shape === b.shape);
  if (!container.exact) return endsOfAnyNumber(items, all);
  if (!outermost) throw new DoesNotFit('No two hidden layers three or more apart have outputs of equal shape.');
  const ends = all.slice(all.indexOf(outermost[0]), all.indexOf(outermost[1]) + 1);
  const [first, second] = ends as [End, End];
  const step = second.index - first.index;
  if (!ends.every(({ index, shape }, i) => shape === first.shape && index === first.index + i * step))
    throw new DoesNotFit('The layers between which skips would go are not all of one shape and kind.');
  const last = ends.at(-1)!.index;
  return `slice(${first.index}, ${last + step < items.length || ends.length < all.length ? last + 1 : 'None'}, ${step})`;
};

/** A sequence of a length that the source leaves open: its blocks must be alike. */
const endsOfAnyNumber = (items: readonly Value[], ends: readonly End[]): string => {
  const [first, second] = ends;
  const step = second && first ? second.index - first.index : items.length;
  const isRegular =
    first !== undefined &&
    ends.at(-1)!.index === items.length - 1 &&
    ends.every(({ index, shape }, i) => shape === first.shape && index === first.index + i * step);
  if (!isRegular) throw new DoesNotFit('How many layers the sequence has, and of which widths, is not known here.');
  return `slice(${first.index}, None, ${step})`;
};

const endsOf = (code: Code, items: readonly Value[], blocks: readonly Block[]): End[] => {
  const shapes = outputShapes(code, blocks);
  const ends: End[] = [];
  let open: Block | undefined;
  for (const [index, item] of items.entries()) {
    open = blocks.find(({ weights }) => weights.layer === item) ?? open;
    if (open?.activation.layer !== item) continue;
    ends.push({ index, shape: shapes.get(open)! });
    open = undefined;
  }
  return ends;
};

const longSkipsHelper = (module: string, sequential: string): Helper => ({
  name: 'LongSkips',
  lines: [
    `class LongSkips(${module}):`,
    '    """Layers one after the other. What the first of their `ends` give out is added to what the last ones do."""',
    '',
    '    def __init__(self, *layers, ends):',
    '        super().__init__()',
    `        self.layers = ${sequential}(*layers)`,
    '        ends = range(len(self.layers))[ends]',
    '        self.skips = dict(zip(reversed(ends), ends[: max(len(ends) - 2, 0) // 2]))',
    '',
    '    def forward(self, x):',
    '        outputs = []',
    '        for index, layer in enumerate(self.layers):',
    '            x = layer(x)',
    '            if index in self.skips:',
    '                x = x + outputs[self.skips[index]]',
    '            outputs.append(x)',
    '        return x',
  ],
});
