/** Taking a function or layer out of the flow: its input goes on in its place. */
import type { ParsedSource } from '../parse';
import { placeOf } from '../syntax';
import type { TextEdit } from '../text';
import type { Op } from '../values';
import { holderOf } from './activation';
import { removeItem } from './arguments';
import { quoteOf } from './references';
import { hasOwnLines, removeStatement } from './statements';

/** `undefined` where the op is not written in a way that can be taken out by itself. */
export const removeOp = (file: ParsedSource, op: Op): TextEdit[] | undefined => {
  const { source } = file;
  if (source.language === 'javascript' && op.site.file === file && /^['"`]/.test(source.slice(op.site))) {
    const quote = quoteOf(file);
    return [{ from: op.site.from, to: op.site.to, insert: `${quote}linear${quote}` }];
  }
  if (op.layer?.site.file === file) {
    const held = holderOf(file, op.layer.site);
    if (held) {
      const isSequence = held.holder.kind === 'list' || /\bSequential$/.test(source.slice(held.holder.callee));
      const isLine = held.holder.kind === 'call' && /\.(add|append)$/.test(source.slice(held.holder.callee));
      if (isSequence) return [removeItem(file, held.node)];
      const statement = placeOf(file.root, op.layer.site.from)?.statement;
      return isLine && statement && hasOwnLines(source, statement) ? [removeStatement(source, statement)] : undefined;
    }
  }
  const node = op.call?.node;
  if (!node || op.site.file !== file || node.callee.from === node.callee.to) return undefined;
  const isMethod =
    node.callee.kind === 'attribute' &&
    /^(softmax|sigmoid|sigmoid_)$/.test(node.callee.name) &&
    !op.layer &&
    isTensorMethod(source.slice(node.callee.object));
  const input = isMethod && node.callee.kind === 'attribute' ? node.callee.object : node.arguments[0]?.value;
  if (!input) return undefined;
  const statement = placeOf(file.root, node.from)?.statement;
  const written = source.slice(input);
  if (
    statement?.kind === 'assign' &&
    statement.value.from === node.from &&
    statement.value.to === node.to &&
    statement.targets.length === 1 &&
    source.slice(statement.targets[0]!) === written &&
    hasOwnLines(source, statement)
  )
    return [removeStatement(source, statement)];
  return [{ from: node.from, to: node.to, insert: written }];
};

/** `x.softmax(1)`, not `F.softmax(x)` or `torch.sigmoid(x)`. */
const isTensorMethod = (object: string): boolean =>
  !/^(F|torch|nn\.functional|torch\.nn\.functional|tf|functional)$/.test(object);
