/**
 * One syntax for Python and for TypeScript/JavaScript: what of either language a network and its training loop are
 * written in. Everything else is `other` (an expression that is only looked through) or `broken` (a statement with a
 * syntax error, about which nothing is concluded).
 */
import type { Span } from './text';

export interface Parameter extends Span {
  name: string;
  /** A destructuring pattern instead of a name. */
  pattern?: Expression;
  default?: Expression;
  annotation?: Expression;
  /** `rest` takes the remaining positional arguments, `keywords` the remaining keyword arguments. */
  kind: 'normal' | 'rest' | 'keywords' | 'keyword-only';
}

export interface FunctionNode extends Span {
  name: string;
  parameters: Parameter[];
  body: Block;
  decorators: Expression[];
  /** An arrow function or lambda whose body is one expression. */
  expression?: Expression;
  /** `get` accessors and `@property` are read without a call. */
  isProperty: boolean;
  isStatic: boolean;
}

export interface Argument extends Span {
  /** The keyword; without one the argument is positional. */
  name?: string;
  value: Expression;
  /** `*value` or `...value`, and `**value`. */
  spread?: 'list' | 'dict';
}

export interface DictEntry extends Span {
  /** Without a key, the value is spread into the dictionary. */
  key?: Expression;
  value: Expression;
}

export interface ComprehensionClause {
  target: Expression;
  iterable: Expression;
  conditions: Expression[];
}

export type Expression = Span &
  (
    | { kind: 'name'; name: string }
    | { kind: 'number'; value: number }
    | { kind: 'string'; value: string }
    | { kind: 'boolean'; value: boolean }
    | { kind: 'null' }
    | { kind: 'list'; form: 'list' | 'tuple' | 'set'; items: Expression[] }
    | { kind: 'dict'; entries: DictEntry[] }
    | { kind: 'attribute'; object: Expression; name: string }
    | { kind: 'subscript'; object: Expression; indices: Expression[] }
    | { kind: 'slice'; parts: Expression[]; start?: Expression; stop?: Expression }
    | { kind: 'call'; callee: Expression; arguments: Argument[]; argumentList: Span; isNew: boolean }
    | { kind: 'binary'; operator: string; left: Expression; right: Expression }
    | { kind: 'unary'; operator: string; operand: Expression }
    | { kind: 'conditional'; test: Expression; then: Expression; otherwise: Expression }
    | { kind: 'function'; function: FunctionNode }
    | { kind: 'class'; class: ClassNode }
    /** With `key`, of a dictionary. */
    | { kind: 'comprehension'; key?: Expression; element: Expression; clauses: ComprehensionClause[] }
    | { kind: 'spread'; value: Expression }
    | { kind: 'await'; value: Expression }
    | { kind: 'assignment'; target: Expression; operator: string; value: Expression }
    | { kind: 'range'; start: Expression; stop: Expression; inclusive: boolean; step: number }
    /** With `texts`, a string: these texts with the values of the children between them. */
    | { kind: 'other'; children: Expression[]; texts?: string[] }
  );

export type ExpressionOf<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

export interface ClassNode extends Span {
  name: string;
  bases: Expression[];
  body: Block;
  decorators: Expression[];
}

export interface Block extends Span {
  statements: Statement[];
}

export interface ImportedName {
  /** Absent: the module itself; `*`: all that it exports. */
  name?: string;
  alias: string;
}

export type Statement = Span &
  (
    | { kind: 'expression'; value: Expression }
    | {
        kind: 'assign';
        targets: Expression[];
        operator: string;
        value: Expression;
        annotation?: Expression;
        /** `let`, `const`, `var`: a new name, not one of the scopes around. */
        declares?: boolean;
      }
    | { kind: 'function'; function: FunctionNode }
    | { kind: 'class'; class: ClassNode }
    | { kind: 'if'; test: Expression; body: Block; otherwise?: Block }
    | { kind: 'for'; target: Expression; iterable: Expression; body: Block; otherwise?: Block }
    | { kind: 'while'; test?: Expression; body: Block; before: Statement[] }
    | { kind: 'with'; items: { context: Expression; target?: Expression }[]; body: Block }
    | { kind: 'try'; body: Block; handlers: Block[]; finally?: Block }
    | { kind: 'switch'; subject: Expression; arms: Block[] }
    | { kind: 'block'; body: Block }
    | { kind: 'return'; value?: Expression }
    | { kind: 'raise' }
    | { kind: 'break' }
    | { kind: 'continue' }
    | { kind: 'import'; module: string; names: ImportedName[] }
    | { kind: 'pass' }
    | { kind: 'other'; children: Expression[] }
    | { kind: 'broken' }
  );

export type StatementOf<K extends Statement['kind']> = Extract<Statement, { kind: K }>;

/** The blocks directly inside a statement. */
export const innerBlocks = (statement: Statement): Block[] => {
  switch (statement.kind) {
    case 'function':
      return [statement.function.body];
    case 'class':
      return [statement.class.body];
    case 'if':
    case 'for':
      return statement.otherwise ? [statement.body, statement.otherwise] : [statement.body];
    case 'while':
    case 'with':
    case 'block':
      return [statement.body];
    case 'try':
      return [statement.body, ...statement.handlers, ...(statement.finally ? [statement.finally] : [])];
    case 'switch':
      return statement.arms;
    default:
      return [];
  }
};

export interface Place {
  block: Block;
  index: number;
  statement: Statement;
}

/** The statements around an offset, the outermost first. */
export const placesAround = (root: Block, offset: number): Place[] => {
  const places: Place[] = [];
  let block: Block | undefined = root;
  while (block) {
    const index: number = block.statements.findIndex(
      ({ from, to }) => from <= offset && offset < Math.max(to, from + 1),
    );
    if (index < 0) break;
    const statement: Statement = block.statements[index]!;
    places.push({ block, index, statement });
    block = innerBlocks(statement).find(({ from, to }) => from <= offset && offset < to);
  }
  return places;
};

/** The innermost statement around an offset. */
export const placeOf = (root: Block, offset: number): Place | undefined => placesAround(root, offset).at(-1);

/** Every statement of a block, at any depth, in order. */
export function* allStatements(block: Block): Generator<Statement> {
  for (const statement of block.statements) {
    yield statement;
    for (const inner of innerBlocks(statement)) yield* allStatements(inner);
  }
}
