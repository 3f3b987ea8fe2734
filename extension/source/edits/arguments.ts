/** Changing the arguments of a call and the items of a list. */
import type { ParsedSource } from '../parse';
import type { Argument, Expression, ExpressionOf } from '../syntax';
import type { Span, TextEdit } from '../text';

type CallNode = ExpressionOf<'call'>;

export const argumentNamed = (call: CallNode, name: string): Argument | undefined =>
  call.arguments.find((argument) => argument.name === name);

/** Sets a keyword argument of a Python call: its value is replaced, or the argument added at the end. */
export const setArgument = (file: ParsedSource, call: CallNode, name: string, value: string): TextEdit => {
  const present = argumentNamed(call, name);
  if (present) return { from: present.value.from, to: present.value.to, insert: value };
  return appendArgument(file, call, `${name}=${value}`);
};

/** Adds an argument after the last one, before a trailing comma if there is one. */
export const appendArgument = (file: ParsedSource, call: CallNode, text: string): TextEdit => {
  const last = call.arguments.at(-1);
  if (!last) {
    const at = call.argumentList.from + 1;
    return { from: at, to: at, insert: text };
  }
  const end = endOfItem(file, last);
  return { from: end, to: end, insert: `, ${text}` };
};

/** Where an item ends, brackets around it included. */
const endOfItem = (file: ParsedSource, item: Span): number => {
  const { text } = file.source;
  let open = 0;
  for (let at = item.from - 1; at >= 0 && /[\s(]/.test(text[at]!); at--) if (text[at] === '(') open++;
  let end = item.to;
  // A parenthesised value, `f((a + b))`: the node is what is inside.
  for (let at = item.to, left = open - 1; left > 0 && at < text.length; at++) {
    if (/\s/.test(text[at]!)) continue;
    if (text[at] !== ')') break;
    end = at + 1;
    left--;
  }
  return end;
};

/** Removes an item of a comma-separated list, with its comma, and its line where it stands alone on it. */
export const removeItem = (file: ParsedSource, item: Span): TextEdit => {
  const { source } = file;
  const { text } = source;
  let from = item.from;
  let to = item.to;
  while (to < text.length && /[ \t]/.test(text[to]!)) to++;
  if (text[to] === ',') {
    to++;
    const onlyOnLine =
      text.slice(source.lineStart(from), from).trim() === '' &&
      /^[ \t]*(#.*|\/\/.*)?$/.test(text.slice(to, source.lineEnd(to)));
    if (onlyOnLine) return { from: source.lineStart(from), to: source.nextLine(to), insert: '' };
    while (to < text.length && /[ \t]/.test(text[to]!)) to++;
    return { from, to, insert: '' };
  }
  // The last item: the comma before it goes.
  to = item.to;
  while (from > 0 && /\s/.test(text[from - 1]!)) from--;
  if (text[from - 1] === ',') from--;
  else from = item.from;
  return { from, to, insert: '' };
};

/** Sets an entry of a JavaScript object literal: its value is replaced, or the entry added at the end. */
export const setEntry = (object: ExpressionOf<'dict'>, name: string, value: string): TextEdit => {
  const present = object.entries.find(({ key }) => key?.kind === 'string' && key.value === name);
  if (present) return { from: present.value.from, to: present.value.to, insert: value };
  const last = object.entries.at(-1);
  if (!last) return { from: object.from + 1, to: object.from + 1, insert: ` ${name}: ${value} ` };
  return { from: last.to, to: last.to, insert: `, ${name}: ${value}` };
};

/** Every expression inside one, itself first. */
export function* expressionsIn(node: Expression): Generator<Expression> {
  yield node;
  const inner: (Expression | undefined)[] = [];
  switch (node.kind) {
    case 'list':
      inner.push(...node.items);
      break;
    case 'dict':
      for (const { key, value } of node.entries) inner.push(key, value);
      break;
    case 'attribute':
      inner.push(node.object);
      break;
    case 'subscript':
      inner.push(node.object, ...node.indices);
      break;
    case 'slice':
      inner.push(...node.parts);
      break;
    case 'call':
      inner.push(node.callee, ...node.arguments.map(({ value }) => value));
      break;
    case 'binary':
      inner.push(node.left, node.right);
      break;
    case 'unary':
      inner.push(node.operand);
      break;
    case 'conditional':
      inner.push(node.test, node.then, node.otherwise);
      break;
    case 'comprehension':
      inner.push(
        ...(node.key ? [node.key] : []),
        node.element,
        ...node.clauses.flatMap(({ target, iterable, conditions }) => [target, iterable, ...conditions]),
      );
      break;
    case 'spread':
    case 'await':
      inner.push(node.value);
      break;
    case 'assignment':
      inner.push(node.target, node.value);
      break;
    case 'range':
      inner.push(node.start, node.stop);
      break;
    case 'function':
      inner.push(node.function.expression);
      break;
    case 'other':
      inner.push(...node.children);
      break;
    default:
      break;
  }
  for (const child of inner) if (child) yield* expressionsIn(child);
}
