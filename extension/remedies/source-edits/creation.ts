/** How a program makes and calls a layer: an attribute of its own, an item of a sequence, or in some other expression. */
import { holderOf, type Held } from '../../source/edits/activation';
import { hasOwnLines } from '../../source/edits/statements';
import { placeOf, type Place, type Statement } from '../../source/syntax';
import { itemsOf, type Layer, type Op } from '../../source/values';
import type { Code } from './code';
import type { LayerOp } from './network';

export type Creation =
  /** `self.fc = nn.Linear(8, 8)`, called as `self.fc(x)` everywhere. */
  | { kind: 'attribute'; statement: Statement; target: string; name: string }
  /** An item of `nn.Sequential(…)`, or of a list that one is made of. */
  | { kind: 'item'; held: Held }
  /** `('fc', nn.Linear(8, 8))` of an `OrderedDict`. */
  | { kind: 'named-item'; held: Held; pair: { from: number; to: number }; name: string }
  /** `layers.append(nn.Linear(8, 8))` for a sequence. */
  | { kind: 'append'; place: Place; list: string }
  /** Anything else; the expression alone can be changed. */
  | { kind: 'expression' };

/** The Sequential that a layer is part of. */
const isInSequence = ({ trace }: Code, layer: Layer): boolean =>
  trace.containers.some(
    (container) =>
      container.type === 'Sequential' && container.path.startsWith('torch.') && itemsOf(container).includes(layer),
  );

/** @param ops of the layers that one expression makes */
export const creationOf = (code: Code, ops: readonly LayerOp[]): Creation => {
  const { layer } = ops[0]!;
  const { file } = layer.site;
  const layers = new Set(ops.map((op) => op.layer));
  const place = placeOf(file.root, layer.site.from);
  if ([...layers].every((each) => isInSequence(code, each))) {
    const held = holderOf(file, layer.site);
    if (held) {
      const { holder } = held;
      if (holder.kind === 'list' && holder.form === 'tuple' && holder.items.length === 2) {
        const [key] = holder.items;
        if (key?.kind === 'string' && held.index === 1)
          return { kind: 'named-item', held, pair: { from: holder.from, to: holder.to }, name: key.value };
      }
      const callee = holder.kind === 'call' ? file.source.slice(holder.callee) : '';
      const isPlainList = holder.kind === 'list' && holder.form === 'list';
      if (isPlainList || /\bSequential$/.test(callee)) return { kind: 'item', held };
      if (callee.endsWith('.append') && place && hasOwnLines(file.source, place.statement))
        return { kind: 'append', place, list: callee.slice(0, -'.append'.length) };
    }
    return { kind: 'expression' };
  }
  const statement = place?.statement;
  if (statement?.kind === 'assign' && !statement.operator && statement.targets.length === 1) {
    const [target] = statement.targets;
    const isWhole = statement.value.from === layer.site.from && statement.value.to === layer.site.to;
    if (isWhole && target?.kind === 'attribute' && hasOwnLines(file.source, statement)) {
      const calls = code.trace.ops.filter((op) => op.layer && layers.has(op.layer));
      if (calls.every((op) => isCallOf(op, target.name)))
        return { kind: 'attribute', statement, target: file.source.slice(target), name: target.name };
    }
  }
  return { kind: 'expression' };
};

/** Whether an op is computed by `self.NAME(…)`. */
const isCallOf = (op: Op, name: string): boolean => {
  const callee = op.call?.node.callee;
  return callee?.kind === 'attribute' && callee.name === name && op.call!.node.from < op.call!.node.to;
};

/** The calls of some layers in the program, each place once. */
export const callsOf = (code: Code, layers: readonly Layer[]): Op[] => [
  ...new Map(
    code.trace.ops
      .filter((op) => op.layer && layers.includes(op.layer) && op.call)
      .map((op) => [`${op.site.file.source.path}:${op.site.from}-${op.site.to}`, op] as const),
  ).values(),
];

/** `self.fc` at a call of it: the object that the call is made on. */
export const ownerText = (op: Op): string => {
  const callee = op.call?.node.callee;
  return callee?.kind === 'attribute' ? op.site.file.source.slice(callee.object) : '';
};
