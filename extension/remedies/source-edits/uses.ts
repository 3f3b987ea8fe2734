/** Where a program uses attributes of its layers: `self.rnn.weight_hh_l0`, `net.fc.weight.data`. */
import { allStatements, type Block, type Expression, type ExpressionOf, type Statement } from '../../source/syntax';
import { expressionsOf } from '../../source/edits/statement-expressions';
import { expressionsIn } from '../../source/edits/arguments';
import type { Trace } from '../../source/trace';
import type { Layer, Value } from '../../source/values';

/** An attribute of some object, read or written. */
export interface AttributeUse {
  /** `rnn` of `self.rnn.weight_hh_l0`; the last name before the attribute, `undefined` where there is none. */
  owner: string | undefined;
  attribute: string;
  statement: Statement;
  node: Expression;
  /** Written to: assigned, or changed in place by a method that ends in an underscore. */
  isWritten: boolean;
}

/** The uses of attributes with such names, in the order of the source. */
export function* attributeUses(root: Block, wanted: RegExp): Generator<AttributeUse> {
  for (const statement of allStatements(root)) {
    const whole = expressionsOf(statement);
    const nodes = whole.flatMap((expression) => [...expressionsIn(expression)]);
    const written = new Set([
      ...(statement.kind === 'assign' ? statement.targets.flatMap(placesIn) : []),
      ...nodes.flatMap((node) => (isInPlace(node) ? placesIn(node.callee) : [])),
    ]);
    for (const node of nodes) {
      const use = (owner: Expression, attribute: string): AttributeUse => ({
        owner: lastName(owner),
        attribute,
        statement,
        node,
        isWritten: written.has(node),
      });
      if (node.kind === 'attribute' && wanted.test(node.name)) yield use(node.object, node.name);
      if (!isNamedAttribute(node)) continue;
      const [object, name] = node.arguments.map(({ value }) => value);
      if (name?.kind === 'string' && wanted.test(name.value)) yield use(object!, name.value);
    }
  }
}

/** `self.fc.weight.data[0]` and all that it is a part of: `self.fc.weight.data`, `self.fc.weight`, … */
const placesIn = (expression: Expression): Expression[] => {
  if (expression.kind === 'list') return expression.items.flatMap(placesIn);
  if (expression.kind === 'attribute' || expression.kind === 'subscript')
    return [expression, ...placesIn(expression.object)];
  return isNamedAttribute(expression) ? [expression] : [];
};

/** `….copy_(…)`; what only concerns the gradient changes nothing. */
const isInPlace = (node: Expression): node is ExpressionOf<'call'> & { callee: ExpressionOf<'attribute'> } =>
  node.kind === 'call' &&
  node.callee.kind === 'attribute' &&
  /[a-z]_$/.test(node.callee.name) &&
  node.callee.name !== 'requires_grad_';

const isNamedAttribute = (expression: Expression): expression is ExpressionOf<'call'> =>
  expression.kind === 'call' &&
  expression.callee.kind === 'name' &&
  /^[gs]etattr$/.test(expression.callee.name) &&
  expression.arguments.length > 1;

const lastName = (expression: Expression): string | undefined => {
  if (expression.kind === 'name' || expression.kind === 'attribute') return expression.name;
  if (expression.kind === 'subscript') return lastName(expression.object);
  return undefined;
};

/** The names under which modules hold some layers, those of the lists that hold them included. */
export const namesOfLayers = (trace: Trace, layers: ReadonlySet<Layer>): Set<string> => {
  const holds = (value: Value): boolean => {
    if (value.kind === 'layer') return layers.has(value);
    return (value.kind === 'container' || value.kind === 'list') && [...value.slots.values()].flat().some(holds);
  };
  return new Set(trace.attributes.filter(({ value }) => holds(value)).map(({ name }) => name));
};
