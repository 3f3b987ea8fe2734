/** From Python's syntax tree to the syntax that the sketch is made from. */
import type { SyntaxNode, Tree } from '@lezer/common';
import type {
  Argument,
  Block,
  ComprehensionClause,
  DictEntry,
  Expression,
  FunctionNode,
  ImportedName,
  Parameter,
  Statement,
} from './syntax';
import type { Span } from './text';
import { childrenOf, MissingPart, present, SyntaxErrors } from './tree';

/** Reads a whole Python file. Statements with a syntax error become `broken`; everything around them is read. */
export const readPython = (text: string, tree: Tree): Block => new PythonReader(text, tree).module();

const span = ({ from, to }: Span): Span => ({ from, to });

const numberOf = (text: string): number | undefined => {
  const value = Number(text.replaceAll('_', ''));
  return Number.isNaN(value) ? undefined : value;
};

/** The value of a plain string literal; its escapes are left as they are written. */
const stringOf = (text: string): string => {
  const body = text.replace(/^[a-zA-Z]*/, '');
  const quote = /^("""|'''|"|')/.exec(body)?.[0] ?? '';
  return body.slice(quote.length, body.endsWith(quote) ? body.length - quote.length : undefined);
};

class PythonReader {
  private readonly errors: SyntaxErrors;

  constructor(
    private readonly text: string,
    private readonly tree: Tree,
  ) {
    this.errors = new SyntaxErrors(tree);
  }

  module(): Block {
    const top = this.tree.topNode;
    return { statements: this.statements(childrenOf(top)), from: 0, to: this.text.length };
  }

  private of(node: Span): string {
    return this.text.slice(node.from, node.to);
  }

  private statements(nodes: readonly SyntaxNode[]): Statement[] {
    return nodes.filter(({ name }) => name !== ':' && name !== ';').map((node) => this.statement(node));
  }

  private body(node: SyntaxNode): Block {
    const statements = this.statements(childrenOf(node));
    const last = statements.at(-1);
    return { statements, from: node.from, to: Math.max(last?.to ?? node.from, node.to) };
  }

  private statement(node: SyntaxNode): Statement {
    try {
      return this.whole(node);
    } catch (error) {
      if (!(error instanceof MissingPart)) throw error;
      return { kind: 'broken', ...span(node) };
    }
  }

  private whole(node: SyntaxNode): Statement {
    const at = this.trimmed(node);
    if (node.type.isError) return { kind: 'broken', ...at };
    const children = childrenOf(node);
    const body = children.find(({ name }) => name === 'Body' || name === 'MatchBody');
    const header = body && node.name !== 'DecoratedStatement' ? { from: node.from, to: body.from } : at;
    if (node.name !== 'DecoratedStatement' && this.errors.within(header)) return { kind: 'broken', ...at };
    switch (node.name) {
      case 'ExpressionStatement':
        return { kind: 'expression', value: this.sequence(children), ...at };
      case 'AssignStatement':
        return this.assignment(children, at);
      case 'UpdateStatement': {
        const operator = children.findIndex(({ name }) => name === 'UpdateOp');
        return {
          kind: 'assign',
          targets: [this.expression(present(children[0]))],
          operator: this.of(present(children[operator])).slice(0, -1),
          value: this.sequence(children.slice(operator + 1)),
          ...at,
        };
      }
      case 'FunctionDefinition':
        return { kind: 'function', function: this.function(node, []), ...at };
      case 'ClassDefinition':
        return { kind: 'class', class: this.class(node, []), ...at };
      case 'DecoratedStatement': {
        const decorators = children
          .filter(({ name }) => name === 'Decorator')
          .map((decorator) => this.decorator(decorator));
        const inner = present(children.at(-1));
        if (inner.name === 'FunctionDefinition')
          return { kind: 'function', function: this.function(inner, decorators), ...at };
        if (inner.name === 'ClassDefinition') return { kind: 'class', class: this.class(inner, decorators), ...at };
        return { kind: 'broken', ...at };
      }
      case 'ReturnStatement': {
        const rest = children.slice(1);
        return rest.length ? { kind: 'return', value: this.sequence(rest), ...at } : { kind: 'return', ...at };
      }
      case 'RaiseStatement':
        return { kind: 'raise', ...at };
      case 'BreakStatement':
        return { kind: 'break', ...at };
      case 'ContinueStatement':
        return { kind: 'continue', ...at };
      case 'PassStatement':
      case 'ScopeStatement':
        return { kind: 'pass', ...at };
      case 'IfStatement':
        return this.conditional(children, 0, at);
      case 'ForStatement':
        return this.loop(children, at);
      case 'WhileStatement':
        return {
          kind: 'while',
          test: this.expression(present(children[1])),
          body: this.body(present(body)),
          before: [],
          ...at,
        };
      case 'WithStatement':
        return this.with(children, at);
      case 'TryStatement':
        return this.try(children, at);
      case 'MatchStatement': {
        const arms = childrenOf(body)
          .filter(({ name }) => name === 'MatchClause')
          .map((clause) => clause.getChild('Body'))
          .filter((block) => block !== null)
          .map((block) => this.body(block));
        return { kind: 'switch', subject: this.expression(present(children[1])), arms, ...at };
      }
      case 'ImportStatement':
        return this.import(children, at);
      case 'StatementGroup':
        return { kind: 'block', body: { statements: this.statements(children), ...at }, ...at };
      default:
        return { kind: 'other', children: this.expressions(children), ...at };
    }
  }

  /** A compound statement's node runs on to the next statement: it ends with its last character that is not blank. */
  private trimmed(node: SyntaxNode): Span {
    let to = node.to;
    while (to > node.from && /\s/.test(this.text[to - 1]!)) to--;
    return { from: node.from, to };
  }

  private decorator(node: SyntaxNode): Expression {
    const [, ...parts] = childrenOf(node);
    let value: Expression = this.expression(present(parts[0]));
    for (let i = 1; i < parts.length; i++) {
      const part = parts[i]!;
      if (part.name === 'ArgList')
        value = {
          kind: 'call',
          callee: value,
          arguments: this.arguments(part),
          argumentList: span(part),
          isNew: false,
          from: value.from,
          to: part.to,
        };
      else if (part.name === 'PropertyName' || part.name === 'VariableName')
        value = { kind: 'attribute', object: value, name: this.of(part), from: value.from, to: part.to };
    }
    return value;
  }

  private assignment(children: SyntaxNode[], at: Span): Statement {
    const parts: SyntaxNode[][] = [[]];
    let annotation: Expression | undefined;
    for (const child of children) {
      if (child.name === 'AssignOp') parts.push([]);
      else if (child.name === 'TypeDef') annotation = this.annotation(child);
      else parts.at(-1)!.push(child);
    }
    const value = parts.pop()!;
    if (parts.length === 0) return { kind: 'pass', ...at };
    const targets = parts.map((part) => this.sequence(part));
    return { kind: 'assign', targets, operator: '', value: this.sequence(value), annotation, ...at };
  }

  private annotation(node: SyntaxNode): Expression | undefined {
    const type = childrenOf(node).find(({ name }) => name !== ':' && name !== '->');
    return type && this.expression(type);
  }

  private conditional(children: SyntaxNode[], start: number, at: Span): Statement {
    const test = this.expression(present(children[start + 1]));
    const body = this.body(present(children[start + 2]));
    const next = children[start + 3];
    if (!next) return { kind: 'if', test, body, ...at };
    if (next.name === 'elif') {
      const inside = { from: next.from, to: at.to };
      const otherwise: Block = { statements: [this.conditional(children, start + 3, inside)], ...inside };
      return { kind: 'if', test, body, otherwise, ...at };
    }
    const last = children.at(-1)!;
    return last.name === 'Body'
      ? { kind: 'if', test, body, otherwise: this.body(last), ...at }
      : { kind: 'if', test, body, ...at };
  }

  private loop(all: SyntaxNode[], at: Span): Statement {
    const children = all[0]?.name === 'async' ? all.slice(1) : all;
    const split = children.findIndex(({ name }) => name === 'in');
    const first = children.findIndex(({ name }) => name === 'Body');
    const bodies = children.filter(({ name }) => name === 'Body');
    return {
      kind: 'for',
      target: this.sequence(children.slice(1, split)),
      iterable: this.sequence(children.slice(split + 1, first)),
      body: this.body(present(bodies[0])),
      ...(bodies[1] ? { otherwise: this.body(bodies[1]) } : {}),
      ...at,
    };
  }

  private with(all: SyntaxNode[], at: Span): Statement {
    const children = all.filter(({ name }) => name !== 'async' && name !== 'with' && name !== ',');
    const items: { context: Expression; target?: Expression }[] = [];
    for (let i = 0; i < children.length; i++) {
      const child = children[i]!;
      if (child.name === 'Body') break;
      if (child.name === 'as') {
        const last = items.at(-1);
        const target = children[++i];
        if (last && target) last.target = this.expression(target);
      } else items.push({ context: this.expression(child) });
    }
    return { kind: 'with', items, body: this.body(present(children.at(-1))), ...at };
  }

  private try(children: SyntaxNode[], at: Span): Statement {
    const handlers: Block[] = [];
    let body: Block | undefined;
    let final: Block | undefined;
    let keyword = '';
    for (const child of children) {
      if (child.name !== 'Body') {
        if (['try', 'except', 'else', 'finally'].includes(child.name)) keyword = child.name;
        continue;
      }
      const block = this.body(child);
      if (keyword === 'try') body = block;
      else if (keyword === 'finally') final = block;
      else handlers.push(block);
    }
    if (!body) return { kind: 'broken', ...at };
    return { kind: 'try', body, handlers, ...(final ? { finally: final } : {}), ...at };
  }

  private import(children: SyntaxNode[], at: Span): Statement {
    const words = children.map((child) => this.of(child));
    if (words[0] === 'from') {
      const split = words.indexOf('import');
      const module = words.slice(1, split).join('');
      return { kind: 'import', module, names: importedNames(words.slice(split + 1)), ...at };
    }
    const modules: Statement[] = [];
    for (const [name, alias] of modulesOf(words.slice(1)))
      modules.push({ kind: 'import', module: name, names: [{ alias }], ...at });
    if (modules.length === 1) return modules[0]!;
    return { kind: 'block', body: { statements: modules, ...at }, ...at };
  }

  private function(node: SyntaxNode, decorators: Expression[]): FunctionNode {
    const children = childrenOf(node);
    const name = children.find((child) => child.name === 'VariableName');
    const list = children.find((child) => child.name === 'ParamList');
    const body = children.find((child) => child.name === 'Body');
    const decoratedAs = (word: string): boolean =>
      decorators.some((decorator) => decorator.kind === 'name' && decorator.name === word);
    return {
      name: name ? this.of(name) : '',
      parameters: list ? this.parameters(list) : [],
      body: body ? this.body(body) : { statements: [], from: node.to, to: node.to },
      decorators,
      isProperty: decoratedAs('property') || decoratedAs('cached_property'),
      isStatic: decoratedAs('staticmethod'),
      ...this.trimmed(node),
    };
  }

  private class(node: SyntaxNode, decorators: Expression[]): Extract<Statement, { kind: 'class' }>['class'] {
    const children = childrenOf(node);
    const name = children.find((child) => child.name === 'VariableName');
    const bases = children.find((child) => child.name === 'ArgList');
    const body = children.find((child) => child.name === 'Body');
    return {
      name: name ? this.of(name) : '',
      bases: bases ? this.arguments(bases).flatMap((base) => (base.name ? [] : [base.value])) : [],
      body: body ? this.body(body) : { statements: [], from: node.to, to: node.to },
      decorators,
      ...this.trimmed(node),
    };
  }

  private parameters(node: SyntaxNode): Parameter[] {
    const parameters: Parameter[] = [];
    let kind: Parameter['kind'] = 'normal';
    let afterStar = false;
    let last: Parameter | undefined;
    let expectDefault = false;
    for (const child of childrenOf(node)) {
      if (child.name === '*') {
        kind = 'rest';
        afterStar = true;
      } else if (child.name === '**') kind = 'keywords';
      else if (child.name === ',' || child.name === '(' || child.name === ')' || child.name === '/') {
        kind = afterStar ? 'keyword-only' : 'normal';
        expectDefault = false;
      } else if (child.name === 'AssignOp') expectDefault = true;
      else if (child.name === 'TypeDef') {
        const annotation = this.annotation(child);
        if (last && annotation) last.annotation = annotation;
      } else if (expectDefault && last) {
        last.default = this.expression(child);
      } else if (child.name === 'VariableName') {
        last = { name: this.of(child), kind, ...span(child) };
        parameters.push(last);
      }
    }
    return parameters;
  }

  private arguments(node: SyntaxNode): Argument[] {
    const children = childrenOf(node).filter(({ name }) => name !== '(' && name !== ')');
    if (children.some(({ name }) => name === 'for')) {
      const value = this.comprehension(children, { from: node.from + 1, to: node.to - 1 });
      return [{ value, from: value.from, to: value.to }];
    }
    const list: Argument[] = [];
    for (let i = 0; i < children.length; i++) {
      const child = children[i]!;
      const next = children[i + 1];
      if (child.name === ',') continue;
      if ((child.name === '*' || child.name === '**') && next) {
        list.push({
          value: this.expression(next),
          spread: child.name === '*' ? 'list' : 'dict',
          from: child.from,
          to: next.to,
        });
        i++;
      } else if (child.name === 'VariableName' && next?.name === 'AssignOp' && children[i + 2]) {
        const value = this.expression(present(children[i + 2]));
        list.push({ name: this.of(child), value, from: child.from, to: value.to });
        i += 2;
      } else list.push({ value: this.expression(child), ...span(child) });
    }
    return list;
  }

  /** `f'layer{i + 1}'`; nothing where a value is formatted in a way of its own, or is more than a name or a sum. */
  private template(node: SyntaxNode, parts: readonly SyntaxNode[]): Expression | undefined {
    const values = parts.map((part) => (part.name === 'FormatReplacement' ? childrenOf(part)[1] : undefined));
    const isPlain = parts.every((part, index) => {
      const value = values[index];
      return value && childrenOf(part).length === 3 && /^[\w.]+(\s*[-+*/%]+\s*[\w.]+)*$/.test(this.of(value));
    });
    if (node.name !== 'FormatString' || !isPlain) return undefined;
    const quote = /^[a-zA-Z]*("""|'''|"|')/.exec(this.of(node))!;
    const ends = [node.from + quote[0].length, ...parts.map(({ to }) => to)];
    const starts = [...parts.map(({ from }) => from), node.to - quote[1]!.length];
    const texts = ends.map((from, index) =>
      this.text.slice(from, starts[index]).replace(/\{\{|\}\}/g, (pair) => pair[0]!),
    );
    return { kind: 'other', children: this.expressions(values.map(present)), texts, ...span(node) };
  }

  private comprehension(children: SyntaxNode[], at: Span): Expression {
    const start = children.findIndex(({ name }) => name === 'for' || name === 'async');
    const colon = children.findIndex(({ name }, index) => name === ':' && index < start);
    const key = colon > 0 ? this.sequence(children.slice(0, colon)) : undefined;
    const element = this.sequence(children.slice(colon + 1, start));
    const clauses: ComprehensionClause[] = [];
    for (let i = start; i < children.length;) {
      const word = present(children[i]).name;
      if (word === 'async') i++;
      else if (word === 'for') {
        const found = children.findIndex(({ name }, at) => at > i && name === 'in');
        // Not written yet: all that follows is the target.
        const split = found < 0 ? children.length : found;
        let end = split + 1;
        while (end < children.length && !['for', 'if', 'async'].includes(children[end]!.name)) end++;
        clauses.push({
          target: this.sequence(children.slice(i + 1, split)),
          iterable: this.sequence(children.slice(split + 1, end)),
          conditions: [],
        });
        i = end;
      } else if (word === 'if' && children[i + 1]) {
        clauses.at(-1)?.conditions.push(this.expression(present(children[i + 1])));
        i += 2;
      } else i++;
    }
    return { kind: 'comprehension', ...(key && { key }), element, clauses, ...at };
  }

  /** Expressions between commas: one stands for itself, several are a tuple. */
  private sequence(nodes: readonly SyntaxNode[]): Expression {
    if (nodes.length === 1) return this.expression(present(nodes[0]));
    const items = this.expressions(nodes);
    const at = { from: nodes[0]?.from ?? 0, to: nodes.at(-1)?.to ?? 0 };
    if (nodes.some(({ name }) => name === ',')) return { kind: 'list', form: 'tuple', items, ...at };
    return items.length === 1 ? items[0]! : { kind: 'other', children: items, ...at };
  }

  private expressions(nodes: readonly SyntaxNode[]): Expression[] {
    const items: Expression[] = [];
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      const next = nodes[i + 1];
      if ((node.name === '*' || node.name === '**') && next) {
        items.push({ kind: 'spread', value: this.expression(next), from: node.from, to: next.to });
        i++;
      } else if (/^[A-Z]/.test(node.name)) items.push(this.expression(node));
    }
    return items;
  }

  private expression(node: SyntaxNode): Expression {
    const at = span(node);
    switch (node.name) {
      case 'VariableName':
      case 'self':
        return { kind: 'name', name: this.of(node), ...at };
      case 'Number': {
        const value = numberOf(this.of(node));
        return value === undefined ? { kind: 'other', children: [], ...at } : { kind: 'number', value, ...at };
      }
      case 'String':
        return { kind: 'string', value: stringOf(this.of(node)), ...at };
      case 'ContinuedString':
      case 'FormatString': {
        const children = childrenOf(node);
        if (node.name === 'FormatString' && children.length === 0)
          return { kind: 'string', value: stringOf(this.of(node)), ...at };
        if (children.every(({ name }) => name === 'String'))
          return { kind: 'string', value: children.map((part) => stringOf(this.of(part))).join(''), ...at };
        return this.template(node, children) ?? { kind: 'other', children: [], ...at };
      }
      case 'Boolean':
        return { kind: 'boolean', value: this.of(node) === 'True', ...at };
      case 'None':
        return { kind: 'null', ...at };
      case 'MemberExpression':
        return this.member(node);
      case 'CallExpression': {
        const [callee, list] = childrenOf(node);
        if (!callee || list?.name !== 'ArgList') break;
        return {
          kind: 'call',
          callee: this.expression(callee),
          arguments: this.arguments(list),
          argumentList: span(list),
          isNew: false,
          ...at,
        };
      }
      case 'BinaryExpression': {
        const children = childrenOf(node);
        const left = children[0];
        const right = children.at(-1);
        if (!left || !right || left === right) break;
        const operator = this.text.slice(left.to, right.from).replace(/#.*$/gm, '').replaceAll('\\', '').trim();
        return {
          kind: 'binary',
          operator: operator.replace(/\s+/g, ' '),
          left: this.expression(left),
          right: this.expression(right),
          ...at,
        };
      }
      case 'UnaryExpression': {
        const [operator, operand] = childrenOf(node);
        if (!operator || !operand) break;
        return { kind: 'unary', operator: this.of(operator), operand: this.expression(operand), ...at };
      }
      case 'ParenthesizedExpression': {
        const inner = childrenOf(node).filter(({ name }) => name !== '(' && name !== ')');
        return inner.length === 1 ? this.expression(present(inner[0])) : this.sequence(inner);
      }
      case 'ConditionalExpression': {
        const [then, , test, , otherwise] = childrenOf(node);
        if (!then || !test || !otherwise) break;
        return {
          kind: 'conditional',
          test: this.expression(test),
          then: this.expression(then),
          otherwise: this.expression(otherwise),
          ...at,
        };
      }
      case 'TupleExpression':
      case 'ArrayExpression':
      case 'SetExpression': {
        const form = node.name === 'TupleExpression' ? 'tuple' : node.name === 'ArrayExpression' ? 'list' : 'set';
        return { kind: 'list', form, items: this.expressions(childrenOf(node)), ...at };
      }
      case 'ArrayComprehensionExpression':
      case 'ComprehensionExpression':
      case 'SetComprehensionExpression':
      case 'DictionaryComprehensionExpression':
        return this.comprehension(childrenOf(node).slice(1, -1), at);
      case 'DictionaryExpression':
        return { kind: 'dict', entries: this.entries(childrenOf(node)), ...at };
      case 'LambdaExpression': {
        const children = childrenOf(node);
        const list = children.find(({ name }) => name === 'ParamList');
        const body = this.expression(present(children.at(-1)));
        return {
          kind: 'function',
          function: {
            name: '',
            parameters: list ? this.parameters(list) : [],
            body: { statements: [], from: body.from, to: body.to },
            expression: body,
            decorators: [],
            isProperty: false,
            isStatic: false,
            ...at,
          },
          ...at,
        };
      }
      case 'AwaitExpression': {
        const value = childrenOf(node)[1];
        if (!value) break;
        return { kind: 'await', value: this.expression(value), ...at };
      }
      case 'NamedExpression': {
        const [target, , value] = childrenOf(node);
        if (!target || !value) break;
        return {
          kind: 'assignment',
          target: this.expression(target),
          operator: '',
          value: this.expression(value),
          ...at,
        };
      }
    }
    return { kind: 'other', children: this.expressions(childrenOf(node)), ...at };
  }

  private member(node: SyntaxNode): Expression {
    const children = childrenOf(node);
    const object = this.expression(present(children[0]));
    const property = children.find(({ name }) => name === 'PropertyName');
    if (property) return { kind: 'attribute', object, name: this.of(property), ...span(node) };
    const inside = children.slice(2, -1);
    const indices: Expression[] = [];
    let group: SyntaxNode[] = [];
    const close = (): void => {
      if (group.length === 0) return;
      const colon = group.findIndex(({ name }) => name === ':');
      const at = { from: group[0]!.from, to: group.at(-1)!.to };
      if (colon < 0) indices.push(this.sequence(group));
      else {
        const start = group.slice(0, colon);
        const rest = group.slice(colon + 1);
        const stop = rest.slice(0, rest.findIndex(({ name }) => name === ':') + 1 || undefined);
        const expression = (nodes: SyntaxNode[]): Expression | undefined =>
          nodes.some(({ name }) => name !== ':') ? this.sequence(nodes.filter(({ name }) => name !== ':')) : undefined;
        indices.push({
          kind: 'slice',
          parts: this.expressions(group),
          start: expression(start),
          stop: expression(stop),
          ...at,
        });
      }
      group = [];
    };
    for (const child of inside) {
      if (child.name === ',') close();
      else group.push(child);
    }
    close();
    return { kind: 'subscript', object, indices, ...span(node) };
  }

  private entries(children: SyntaxNode[]): DictEntry[] {
    const entries: DictEntry[] = [];
    for (let i = 0; i < children.length; i++) {
      const child = children[i]!;
      const next = children[i + 1];
      if (child.name === '**' && next) {
        entries.push({ value: this.expression(next), from: child.from, to: next.to });
        i++;
      } else if (next?.name === ':' && children[i + 2]) {
        const value = this.expression(present(children[i + 2]));
        entries.push({ key: this.expression(child), value, from: child.from, to: value.to });
        i += 2;
      }
    }
    return entries;
  }
}

/** `a`, `a as b`, `(a, b as c)`, `*`. */
const importedNames = (words: readonly string[]): ImportedName[] => {
  const names: ImportedName[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '(' || word === ')' || word === ',') continue;
    if (words[i + 1] === 'as') {
      names.push({ name: word, alias: words[i + 2] ?? word });
      i += 2;
    } else names.push({ name: word, alias: word });
  }
  return names;
};

/** `a.b`, `a.b as c`: module and the name it is bound to (the first part, without `as`). */
const modulesOf = (words: readonly string[]): [string, string][] => {
  const modules: [string, string][] = [];
  for (const part of words.join(' ').split(' , ')) {
    const [name, alias] = part.split(' as ').map((text) => text.replaceAll(' ', ''));
    if (name) modules.push([name, alias ?? '']);
  }
  return modules;
};
