/** The expressions that stand directly in a statement, not in the blocks inside it. */
import type { Expression, Statement } from '../syntax';

export const expressionsOf = (statement: Statement): Expression[] => {
  switch (statement.kind) {
    case 'expression':
      return [statement.value];
    case 'assign':
      return [...statement.targets, statement.value];
    case 'return':
      return statement.value ? [statement.value] : [];
    case 'if':
      return [statement.test];
    case 'for':
      return [statement.target, statement.iterable];
    case 'while':
      return statement.test ? [statement.test] : [];
    case 'with':
      return statement.items.map(({ context }) => context);
    case 'other':
      return statement.children;
    default:
      return [];
  }
};
