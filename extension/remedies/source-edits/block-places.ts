/**
 * Where a block (a weight layer and the activation after it) stands in the source: as items of one sequence, which can
 * be taken together into a module, or as calls in a `forward`, around which an expression can be written.
 */
import { holderOf } from '../../source/edits/activation';
import { expressionsIn } from '../../source/edits/arguments';
import { expressionsOf } from '../../source/edits/statement-expressions';
import { hasOwnLines, insertBefore } from '../../source/edits/statements';
import {
  placeOf,
  placesAround,
  type Expression,
  type FunctionNode,
  type Place,
  type Statement,
} from '../../source/syntax';
import { itemsOf, type Op, type Site } from '../../source/values';
import { DoesNotFit } from '../remedy';
import { covers, groupBy, sameSite, type Code } from './code';
import { siteKey, type Block } from './network';

/** Blocks that the same source makes: one for every pass of a loop and every instance of a class. */
export interface BlockGroup {
  blocks: readonly Block[];
  place: BlockPlace;
}

export type BlockPlace =
  /** Consecutive items; `whole` is the call of `nn.Sequential` that has no others. */
  | { kind: 'items'; items: readonly Site[]; whole?: Site; callee?: Site }
  /** `('fc', nn.Linear(…)), ('act', nn.ReLU())` */
  | { kind: 'pairs'; pairs: readonly Site[]; values: readonly Site[]; names: readonly string[] }
  /** `layers.append(…)` twice and more. */
  | { kind: 'appends'; values: readonly Site[]; statements: readonly Statement[] }
  | ForwardPlace;

export interface ForwardPlace {
  kind: 'forward';
  /** The call of the weight layer, what it is given, and the expression that ends with the activation. */
  call: Site;
  input: Expression;
  output: Site;
  callStatement: Statement;
  outputPlace: Place;
  function: FunctionNode;
}

export const groupsOf = (code: Code, blocks: readonly Block[]): BlockGroup[] =>
  [
    ...groupBy(blocks, ({ weights, activation }) =>
      isInSequence(code, weights) && isInSequence(code, activation)
        ? `${siteKey(weights.layer.site)} ${siteKey(activation.layer!.site)}`
        : `${siteKey(weights.site)} ${siteKey(activation.site)}`,
    ).values(),
  ].map((group) => ({ blocks: group, place: placeOfBlock(code, group[0]!) }));

/** Outer expressions before those inside them, so that what is written around both nests. */
export const outermostFirst = (groups: readonly BlockGroup[]): BlockGroup[] => {
  const size = ({ place }: BlockGroup): number => (place.kind === 'forward' ? place.output.to - place.output.from : 0);
  return [...groups].sort((a, b) => size(b) - size(a));
};

const cannot = (what: string): never => {
  throw new DoesNotFit(what);
};

/** What stands between a weight layer and its activation. */
const between = (code: Code, { weights, activation }: Block): Op[] => {
  const ops: Op[] = [];
  for (let op = activation.inputs[0]; op && op !== weights; op = op.inputs[0]) ops.push(op);
  return ops.reverse();
};

/** Whether nothing between weights and activation changes the shape. */
export const isEven = (code: Code, block: Block): boolean =>
  between(code, block).every(
    ({ category, name }) =>
      category === 'normalization' ||
      /^(Dropout|dropout|AlphaDropout|alpha_dropout|Identity|contiguous|clone)/.test(name),
  );

const isInSequence = (code: Code, op: Op): boolean =>
  op.layer !== undefined &&
  code.trace.containers.some((each) => each.type === 'Sequential' && itemsOf(each).includes(op.layer!));

const placeOfBlock = (code: Code, block: Block): BlockPlace => {
  const { weights, activation } = block;
  if (isInSequence(code, weights) && isInSequence(code, activation))
    return itemsPlace(code, block) ?? cannot('The layers of a block are not made next to each other.');
  return forwardPlace(code, block);
};

const itemsPlace = (code: Code, block: Block): BlockPlace | undefined => {
  const layers = [block.weights, ...between(code, block), block.activation].map(({ layer }) => layer);
  if (layers.some((layer) => layer === undefined)) return undefined;
  const sites = layers.map((layer) => layer!.site);
  const { file } = sites[0]!;
  if (sites.some((site) => site.file !== file)) return undefined;
  const held = sites.map((site) => holderOf(file, wrapped(site)));
  const [first] = held;
  if (!first || held.includes(undefined)) return undefined;
  const at = (span: { from: number; to: number }): Site => ({ file, from: span.from, to: span.to });
  const { holder } = first;
  if (holder.kind === 'list' && holder.form === 'tuple') {
    const pairs = held.map((each) => at(each!.holder));
    const names = held.map((each) => {
      const key = each!.holder.kind === 'list' ? each!.holder.items[0] : undefined;
      return key?.kind === 'string' ? key.value : '';
    });
    const outer = pairs.map((pair) => holderOf(file, pair));
    if (
      names.includes('') ||
      outer.some(
        (each, index) => each?.holder.from !== outer[0]?.holder.from || each?.index !== outer[0]!.index + index,
      )
    )
      return undefined;
    return { kind: 'pairs', pairs, values: held.map((each) => at(each!.node)), names };
  }
  const callee = holder.kind === 'call' ? file.source.slice(holder.callee) : '';
  if (callee.endsWith('.append')) {
    const places = held.map((each) => placeOf(file.root, each!.node.from)!);
    const isOne = places.every(
      ({ block: inside, index, statement }, i) =>
        inside === places[0]!.block && index === places[0]!.index + i && hasOwnLines(file.source, statement),
    );
    const sameList = held.every(
      (each) => each!.holder.kind === 'call' && file.source.slice(each!.holder.callee) === callee,
    );
    if (!isOne || !sameList) return undefined;
    return {
      kind: 'appends',
      values: held.map((each) => at(each!.node)),
      statements: places.map((each) => each.statement),
    };
  }
  const isSequence = (holder.kind === 'list' && holder.form === 'list') || /\bSequential$/.test(callee);
  if (
    !isSequence ||
    held.some(
      (each, i) => (each!.holder !== holder && each!.holder.from !== holder.from) || each!.index !== first.index + i,
    )
  )
    return undefined;
  const count = holder.kind === 'call' ? holder.arguments.length : holder.items.length;
  return {
    kind: 'items',
    items: held.map((each) => at(each!.node)),
    ...(holder.kind === 'call' && count === held.length && { whole: at(holder), callee: at(holder.callee) }),
  };
};

/** `weight_norm(nn.Linear(…))` and other calls around the expression that makes a layer are part of the item. */
const wrapped = (site: Site): { from: number; to: number } => {
  let span: { from: number; to: number } = site;
  for (;;) {
    const held = holderOf(site.file, span);
    if (held?.holder.kind !== 'call' || held.index !== 0) return span;
    const callee = site.file.source.slice(held.holder.callee);
    if (!/(^|\.)(weight_norm|spectral_norm|with_\w+)$/.test(callee)) return span;
    span = held.holder;
  }
};

const functionAround = (site: Site): FunctionNode | undefined => {
  const place = placesAround(site.file.root, site.from).findLast(({ statement }) => statement.kind === 'function');
  return place?.statement.kind === 'function' ? place.statement.function : undefined;
};

const forwardPlace = (code: Code, { weights, activation }: Block): ForwardPlace =>
  placeBetween(code, weights, activation);

/** The expressions of a `forward` from the call of one op to that of a later one. @throws DoesNotFit */
export const placeBetween = (code: Code, weights: Op, activation: Op): ForwardPlace => {
  const call = weights.call?.node;
  const input = call?.arguments[0]?.value;
  const { file } = weights.site;
  const output = activation.call?.node;
  if (!call || !input || !output || call.from === call.to || output.from === output.to || activation.site.file !== file)
    return cannot('A block is computed in a way around which no skip can be written.');
  if (sameSite(weights.site, activation.site))
    return cannot('One and the same call computes layers and activations in turn; no skip can be written around it.');
  // A sequence that is called as a whole: the block must be all that it computes.
  const inside = code.trace.ops.filter((op) => op.category === 'weights' && sameSite(op.site, weights.site));
  const perRun = new Set(inside.map(({ layer }) => layer?.site.from));
  if (isInSequence(code, weights) && perRun.size > 1)
    return cannot('A block is part of a sequence, and its activation is not.');
  const callStatement = placeOf(file.root, call.from);
  const outputPlace = placeOf(file.root, output.from);
  const around = functionAround(weights.site);
  if (
    !callStatement ||
    !outputPlace ||
    !around ||
    functionAround(activation.site)?.from !== around.from ||
    callStatement.block !== outputPlace.block ||
    outputPlace.statement.kind === 'function'
  )
    return cannot('A layer and its activation are computed in different places, around which no skip can be written.');
  const isNested = covers({ file, from: output.from, to: output.to }, weights.site);
  if (!isNested && callStatement.statement === outputPlace.statement)
    return cannot('A block is computed in a way around which no skip can be written.');
  return {
    kind: 'forward',
    call: { file, from: call.from, to: call.to },
    input,
    output: { file, from: output.from, to: output.to },
    callStatement: callStatement.statement,
    outputPlace,
    function: around,
  };
};

/** Whether an expression written in place of another one needs brackets around an operator. */
export const needsBrackets = (place: Place, span: { from: number; to: number }): boolean => {
  for (const root of expressionsOf(place.statement)) {
    if (root.from === span.from && root.to === span.to) return false;
    for (const around of expressionsIn(root)) {
      const items =
        around.kind === 'call'
          ? around.arguments.map(({ value }) => value)
          : around.kind === 'list'
            ? around.items
            : [];
      if (items.some(({ from, to }) => from === span.from && to === span.to)) return false;
    }
  }
  return true;
};

/** A name for a value in a function that has none of it yet. */
export const freshName = (code: Code, file: Site['file'], inside: FunctionNode, wish: string): string => {
  const text = file.source.slice(inside);
  for (let i = 1; ; i++) {
    const name = i === 1 ? wish : `${wish}_${i}`;
    if (!new RegExp(`\\b${name}\\b`).test(text)) return name;
  }
};

/** Whether a name gets another value between two statements of one block, the first included. */
export const isReassigned = (place: Place, from: Statement, to: Statement, name: string): boolean => {
  const start = place.block.statements.indexOf(from);
  const end = place.block.statements.indexOf(to);
  return place.block.statements.slice(start, end).some((statement) => assigns(statement, name));
};

const assigns = (statement: Statement, name: string): boolean => {
  const named = (target: Expression): boolean =>
    (target.kind === 'name' && target.name === name) ||
    (target.kind === 'list' && target.items.some(named)) ||
    (target.kind === 'spread' && named(target.value));
  if (statement.kind === 'assign') return statement.targets.some(named);
  if (statement.kind === 'expression' || statement.kind === 'return') return false;
  // A loop or condition in between: take it that it does.
  return statement.kind !== 'pass';
};

/** How the input of a block is written after it: its own name, or one that keeps it. */
export const inputText = (code: Code, place: ForwardPlace): { text: string; isLater: boolean } => {
  const { file } = place.call;
  const { source } = file;
  const { input, callStatement, outputPlace } = place;
  const isName = input.kind === 'name';
  if (callStatement === outputPlace.statement) {
    if (isName) return { text: input.name, isLater: false };
    const name = freshName(
      code,
      file,
      place.function,
      `skip_${source.lineOf(input.from) - source.lineOf(place.function.from)}`,
    );
    const unique = `${name}_${source.position(input.from).character}`;
    code.edit(file, { from: input.from, to: input.from, insert: `${unique} := ` });
    return { text: unique, isLater: true };
  }
  if (isName && !isReassigned(outputPlace, callStatement, outputPlace.statement, input.name))
    return { text: input.name, isLater: false };
  const name = freshName(code, file, place.function, 'skip');
  code.edit(file, insertBefore(source, callStatement, [`${name} = ${source.slice(input)}`]));
  if (!isName) code.edit(file, { from: input.from, to: input.to, insert: name });
  return { text: name, isLater: false };
};
