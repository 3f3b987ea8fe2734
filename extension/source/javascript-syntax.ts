/** From the syntax tree of TypeScript or JavaScript to the syntax that the sketch is made from. */
import type { SyntaxNode, Tree } from '@lezer/common';
import type {
  Argument,
  Block,
  ClassNode,
  DictEntry,
  Expression,
  FunctionNode,
  ImportedName,
  Parameter,
  Statement,
} from './syntax';
import type { Span } from './text';
import { childrenOf, MissingPart, present, SyntaxErrors } from './tree';

/** Reads a whole TypeScript or JavaScript file. Statements with a syntax error become `broken`. */
export const readJavaScript = (text: string, tree: Tree): Block => new JavaScriptReader(text, tree).module();

const span = ({ from, to }: Span): Span => ({ from, to });
const stringOf = (text: string): string => text.slice(1, -1);

/** Statements whose errors may lie inside their blocks, without making the statement itself unreadable. */
const compound = new Set([
  'FunctionDeclaration',
  'ClassDeclaration',
  'ForStatement',
  'WhileStatement',
  'DoStatement',
  'IfStatement',
  'TryStatement',
  'SwitchStatement',
  'Block',
  'ExportDeclaration',
]);

class JavaScriptReader {
  private readonly errors: SyntaxErrors;

  constructor(
    private readonly text: string,
    private readonly tree: Tree,
  ) {
    this.errors = new SyntaxErrors(tree);
  }

  module(): Block {
    const statements = this.statements(childrenOf(this.tree.topNode));
    return { statements, from: 0, to: this.text.length };
  }

  private of(node: Span): string {
    return this.text.slice(node.from, node.to);
  }

  private statements(nodes: readonly SyntaxNode[]): Statement[] {
    return nodes.filter(({ name }) => !['{', '}', ';', 'Hashbang'].includes(name)).map((node) => this.statement(node));
  }

  private block(node: SyntaxNode): Block {
    return node.name === 'Block'
      ? { statements: this.statements(childrenOf(node)), ...span(node) }
      : { statements: [this.statement(node)], ...span(node) };
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
    const at = span(node);
    if (node.type.isError) return { kind: 'broken', ...at };
    const children = childrenOf(node);
    if (!compound.has(node.name) && this.errors.within(at) && !this.onlyInFunctions(node))
      return { kind: 'broken', ...at };
    switch (node.name) {
      case 'ExpressionStatement': {
        const value = this.expression(present(children[0]));
        return value.kind === 'assignment'
          ? { kind: 'assign', targets: [value.target], operator: value.operator, value: value.value, ...at }
          : { kind: 'expression', value, ...at };
      }
      case 'VariableDeclaration':
        return this.declaration(children, at);
      case 'FunctionDeclaration':
        return { kind: 'function', function: this.function(node), ...at };
      case 'ClassDeclaration':
        return { kind: 'class', class: this.class(node), ...at };
      case 'ExportDeclaration': {
        const inner = children.find(({ name }) => /(Declaration|Expression)$/.test(name));
        if (!inner) return { kind: 'pass', ...at };
        if (inner.name.endsWith('Declaration')) return this.statement(inner);
        return { kind: 'expression', value: this.expression(inner), ...at };
      }
      case 'ReturnStatement': {
        const value = children.slice(1).find(({ name }) => name !== ';');
        return value ? { kind: 'return', value: this.expression(value), ...at } : { kind: 'return', ...at };
      }
      case 'ThrowStatement':
        return { kind: 'raise', ...at };
      case 'BreakStatement':
        return { kind: 'break', ...at };
      case 'ContinueStatement':
        return { kind: 'continue', ...at };
      case 'Block':
        return { kind: 'block', body: this.block(node), ...at };
      case 'IfStatement': {
        const [, test, body, , otherwise] = children;
        if (!test || !body) return { kind: 'broken', ...at };
        return {
          kind: 'if',
          test: this.expression(test),
          body: this.block(body),
          ...(otherwise ? { otherwise: this.block(otherwise) } : {}),
          ...at,
        };
      }
      case 'ForStatement':
        return this.loop(children, at);
      case 'WhileStatement':
      case 'DoStatement': {
        const body = children.find(({ name }, index) => index > 0 && /(Block|Statement)$/.test(name));
        const test = children.find(({ name }) => name === 'ParenthesizedExpression');
        if (!body) return { kind: 'broken', ...at };
        return {
          kind: 'while',
          ...(test ? { test: this.expression(test) } : {}),
          body: this.block(body),
          before: [],
          ...at,
        };
      }
      case 'TryStatement': {
        const body = node.getChild('Block');
        const handler = node.getChild('CatchClause')?.getChild('Block');
        const final = node.getChild('FinallyClause')?.getChild('Block');
        if (!body) return { kind: 'broken', ...at };
        return {
          kind: 'try',
          body: this.block(body),
          handlers: handler ? [this.block(handler)] : [],
          ...(final ? { finally: this.block(final) } : {}),
          ...at,
        };
      }
      case 'SwitchStatement':
        return this.switch(node, at);
      case 'ImportDeclaration':
        return this.import(children, at);
      case 'TypeAliasDeclaration':
      case 'InterfaceDeclaration':
      case 'EnumDeclaration':
      case 'AmbientDeclaration':
        return { kind: 'pass', ...at };
      default:
        return { kind: 'other', children: this.expressions(children), ...at };
    }
  }

  /** Whether all errors of a statement lie in the blocks of functions inside it, which are read on their own. */
  private onlyInFunctions(node: SyntaxNode): boolean {
    const bodies: Span[] = [];
    node.cursor().iterate((child) => {
      if (child.name !== 'Block') return true;
      bodies.push(span(child));
      return false;
    });
    const outside: Span[] = [];
    node.cursor().iterate((child) => {
      if (child.type.isError && !bodies.some(({ from, to }) => from <= child.from && child.to <= to))
        outside.push(span(child));
    });
    return outside.length === 0;
  }

  private declaration(children: SyntaxNode[], at: Span): Statement {
    const statements: Statement[] = [];
    let target: SyntaxNode | undefined;
    let annotation: Expression | undefined;
    for (let i = 1; i < children.length; i++) {
      const child = children[i]!;
      if (['VariableDefinition', 'ArrayPattern', 'ObjectPattern'].includes(child.name)) target = child;
      else if (child.name === 'TypeAnnotation') annotation = this.annotation(child);
      else if (child.name === 'Equals' && target && children[i + 1]) {
        const value = this.expression(present(children[++i]));
        statements.push({
          kind: 'assign',
          targets: [this.expression(target)],
          operator: '',
          value,
          annotation,
          declares: true,
          from: at.from,
          to: at.to,
        });
        annotation = undefined;
        target = undefined;
      } else if (child.name === ',' || child.name === ';') {
        if (target?.name === 'VariableDefinition') statements.push(this.emptyDeclaration(target, at));
        target = undefined;
      }
    }
    if (target?.name === 'VariableDefinition') statements.push(this.emptyDeclaration(target, at));
    if (statements.length === 1) return statements[0]!;
    return statements.length ? { kind: 'block', body: { statements, ...at }, ...at } : { kind: 'pass', ...at };
  }

  private emptyDeclaration(name: SyntaxNode, at: Span): Statement {
    const value: Expression = { kind: 'null', from: name.to, to: name.to };
    return { kind: 'assign', targets: [this.expression(name)], operator: '', value, declares: true, ...at };
  }

  private annotation(node: SyntaxNode): Expression | undefined {
    const type = childrenOf(node)[1];
    if (!type || !/^[\w.]+$/.test(this.of(type))) return undefined;
    const [first, ...rest] = this.of(type).split('.');
    return rest.reduce<Expression>((object, name) => ({ kind: 'attribute', object, name, ...span(type) }), {
      kind: 'name',
      name: first!,
      ...span(type),
    });
  }

  private loop(children: SyntaxNode[], at: Span): Statement {
    const spec = children.find(({ name }) => name.endsWith('Spec'));
    const body = children.at(-1);
    if (!spec || !body || spec === body) return { kind: 'broken', ...at };
    if (this.errors.within({ from: at.from, to: body.from })) return { kind: 'broken', ...at };
    const parts = childrenOf(spec).filter(({ name }) => name !== '(' && name !== ')');
    if (spec.name !== 'ForSpec') {
      const split = parts.findIndex(({ name }) => name === 'of' || name === 'in');
      const target = parts[split - 1];
      const iterable = parts[split + 1];
      if (!target || !iterable) return { kind: 'broken', ...at };
      return {
        kind: 'for',
        target: this.expression(target),
        iterable:
          spec.name === 'ForOfSpec'
            ? this.expression(iterable)
            : { kind: 'other', children: [this.expression(iterable)], ...span(iterable) },
        body: this.block(body),
        ...at,
      };
    }
    const first = parts[0]?.name === 'VariableDeclaration' ? this.statement(parts[0]) : undefined;
    const test = parts.find(({ name }) => name === 'BinaryExpression');
    const update = parts.findLast(({ name }) => name === 'PostfixExpression' || name === 'AssignmentExpression');
    const condition = test && this.expression(test);
    if (first?.kind === 'assign' && condition?.kind === 'binary' && update) {
      const target = first.targets[0]!;
      const same = target.kind === 'name' && condition.left.kind === 'name' && condition.left.name === target.name;
      const step = /\+\+/.test(this.of(update)) ? 1 : Number(/\+=\s*(\d+)$/.exec(this.of(update))?.[1]);
      if (same && step > 0 && (condition.operator === '<' || condition.operator === '<='))
        return {
          kind: 'for',
          target,
          iterable: {
            kind: 'range',
            start: first.value,
            stop: condition.right,
            inclusive: condition.operator === '<=',
            step,
            ...span(spec),
          },
          body: this.block(body),
          ...at,
        };
    }
    return {
      kind: 'while',
      ...(condition ? { test: condition } : {}),
      before: first ? [first] : [],
      body: this.block(body),
      ...at,
    };
  }

  private switch(node: SyntaxNode, at: Span): Statement {
    const subject = node.getChild('ParenthesizedExpression');
    const body = node.getChild('SwitchBody');
    if (!subject || !body) return { kind: 'broken', ...at };
    const arms: Block[] = [];
    for (const child of childrenOf(body)) {
      if (child.name === 'CaseLabel' || child.name === 'DefaultLabel')
        arms.push({ statements: [], from: child.from, to: child.to });
      else if (child.name !== '{' && child.name !== '}') {
        const arm = arms.at(-1);
        const statement = this.statement(child);
        if (arm && statement.kind !== 'break') {
          arm.statements.push(statement);
          arms[arms.length - 1] = { ...arm, to: child.to };
        }
      }
    }
    return { kind: 'switch', subject: this.expression(subject), arms, ...at };
  }

  private import(children: SyntaxNode[], at: Span): Statement {
    const source = children.find(({ name }) => name === 'String');
    if (!source) return { kind: 'pass', ...at };
    const names: ImportedName[] = [];
    for (let i = 0; i < children.length; i++) {
      const child = children[i]!;
      if (child.name === 'Star') {
        const alias = children.slice(i).find(({ name }) => name === 'VariableDefinition');
        if (alias) names.push({ alias: this.of(alias) });
        i += 2;
      } else if (child.name === 'VariableDefinition') names.push({ name: 'default', alias: this.of(child) });
      else if (child.name === 'ImportGroup')
        for (const part of this.of(child).slice(1, -1).split(',')) {
          const [name, alias] = part
            .trim()
            .replace(/^type\s+/, '')
            .split(/\s+as\s+/);
          if (name) names.push({ name, alias: alias ?? name });
        }
    }
    return { kind: 'import', module: stringOf(this.of(source)), names, ...at };
  }

  private function(node: SyntaxNode): FunctionNode {
    const children = childrenOf(node);
    const name = children.find((child) => child.name === 'VariableDefinition' || child.name === 'PropertyDefinition');
    const list = children.find((child) => child.name === 'ParamList');
    const body = children.find((child) => child.name === 'Block');
    const arrow = node.name === 'ArrowFunction' && !body ? children.at(-1) : undefined;
    return {
      name: name ? this.of(name) : '',
      parameters: list ? this.parameters(list) : [],
      body: body ? this.block(body) : { statements: [], from: node.to, to: node.to },
      ...(arrow ? { expression: this.expression(arrow) } : {}),
      decorators: [],
      isProperty: children.some((child) => child.name === 'get'),
      isStatic: children.some((child) => child.name === 'static'),
      ...span(node),
    };
  }

  private class(node: SyntaxNode): ClassNode {
    const children = childrenOf(node);
    const name = children.find((child) => child.name === 'VariableDefinition');
    const base = children[children.findIndex((child) => child.name === 'extends') + 1];
    const body = children.find((child) => child.name === 'ClassBody');
    const statements: Statement[] = [];
    for (const member of body ? childrenOf(body) : []) {
      if (member.type.isError) statements.push({ kind: 'broken', ...span(member) });
      else if (member.name === 'MethodDeclaration')
        statements.push({ kind: 'function', function: this.function(member), ...span(member) });
      else if (member.name === 'PropertyDeclaration') {
        const parts = childrenOf(member);
        const property = parts.find((part) => part.name === 'PropertyDefinition');
        const equals = parts.findIndex((part) => part.name === 'Equals');
        const value = equals >= 0 ? parts[equals + 1] : undefined;
        if (property && value)
          statements.push({
            kind: 'assign',
            targets: [{ kind: 'name', name: this.of(property), ...span(property) }],
            operator: '',
            value: this.expression(value),
            ...span(member),
          });
      }
    }
    return {
      name: name ? this.of(name) : '',
      bases: children.some((child) => child.name === 'extends') && base ? [this.expression(base)] : [],
      body: { statements, from: body?.from ?? node.to, to: body?.to ?? node.to },
      decorators: [],
      ...span(node),
    };
  }

  private parameters(node: SyntaxNode): Parameter[] {
    const parameters: Parameter[] = [];
    let rest = false;
    const children = childrenOf(node);
    for (let i = 0; i < children.length; i++) {
      const child = children[i]!;
      const last = parameters.at(-1);
      if (child.name === 'Spread') rest = true;
      else if (child.name === 'VariableDefinition')
        parameters.push({ name: this.of(child), kind: rest ? 'rest' : 'normal', ...span(child) });
      else if (child.name === 'ObjectPattern' || child.name === 'ArrayPattern')
        parameters.push({ name: '', pattern: this.expression(child), kind: 'normal', ...span(child) });
      else if (child.name === 'TypeAnnotation' && last) {
        const annotation = this.annotation(child);
        if (annotation) last.annotation = annotation;
      } else if (child.name === 'Equals' && last && children[i + 1])
        last.default = this.expression(present(children[++i]));
    }
    return parameters;
  }

  private arguments(node: SyntaxNode): Argument[] {
    return this.expressions(childrenOf(node)).map((value) =>
      value.kind === 'spread' ? { value: value.value, spread: 'list', ...span(value) } : { value, ...span(value) },
    );
  }

  private expressions(nodes: readonly SyntaxNode[]): Expression[] {
    const items: Expression[] = [];
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      const next = nodes[i + 1];
      if (node.name === 'Spread' && next) {
        items.push({ kind: 'spread', value: this.expression(next), from: node.from, to: next.to });
        i++;
      } else if (/^[A-Z]/.test(node.name) || node.name === 'this' || node.name === 'null')
        items.push(this.expression(node));
    }
    return items;
  }

  private expression(node: SyntaxNode): Expression {
    const at = span(node);
    const children = childrenOf(node);
    switch (node.name) {
      case 'VariableName':
      case 'VariableDefinition':
        if (this.of(node) === 'undefined') return { kind: 'null', ...at };
        return { kind: 'name', name: this.of(node), ...at };
      case 'this':
      case 'super':
        return { kind: 'name', name: node.name, ...at };
      case 'null':
        return { kind: 'null', ...at };
      case 'Number': {
        const value = Number(this.of(node).replaceAll('_', ''));
        return Number.isNaN(value) ? { kind: 'other', children: [], ...at } : { kind: 'number', value, ...at };
      }
      case 'String':
        return { kind: 'string', value: stringOf(this.of(node)), ...at };
      case 'TemplateString':
        return children.length === 0
          ? { kind: 'string', value: stringOf(this.of(node)), ...at }
          : { kind: 'other', children: this.expressions(children.flatMap(childrenOf)), ...at };
      case 'BooleanLiteral':
        return { kind: 'boolean', value: this.of(node) === 'true', ...at };
      case 'ArrayExpression':
        return { kind: 'list', form: 'list', items: this.expressions(children), ...at };
      case 'ArrayPattern':
        return { kind: 'list', form: 'list', items: this.expressions(children), ...at };
      case 'ObjectExpression':
        return { kind: 'dict', entries: this.entries(children), ...at };
      case 'ObjectPattern':
        return { kind: 'dict', entries: this.patternEntries(children), ...at };
      case 'MemberExpression': {
        const object = children[0];
        const property = children.find(({ name }) => name === 'PropertyName' || name === 'PrivatePropertyName');
        if (!object) break;
        if (property) return { kind: 'attribute', object: this.expression(object), name: this.of(property), ...at };
        const index = children[children.findIndex(({ name }) => name === '[') + 1];
        if (!index) break;
        return { kind: 'subscript', object: this.expression(object), indices: [this.expression(index)], ...at };
      }
      case 'CallExpression':
      case 'NewExpression': {
        const isNew = node.name === 'NewExpression';
        const callee = isNew ? children[1] : children[0];
        const list = children.find(({ name }) => name === 'ArgList');
        if (!callee || (!list && !isNew)) break;
        return {
          kind: 'call',
          callee: this.expression(callee),
          arguments: list ? this.arguments(list) : [],
          argumentList: list ? span(list) : { from: node.to, to: node.to },
          isNew,
          ...at,
        };
      }
      case 'BinaryExpression': {
        const left = children[0];
        const right = children.at(-1);
        if (!left || !right || left === right) break;
        const operator = this.text.slice(left.to, right.from).trim();
        if (operator === 'as' || operator === 'satisfies') return this.expression(left);
        return {
          kind: 'binary',
          operator: javaScriptOperators[operator] ?? operator,
          left: this.expression(left),
          right: this.expression(right),
          ...at,
        };
      }
      case 'UnaryExpression': {
        const [operator, operand] = children;
        if (!operator || !operand) break;
        const word = this.of(operator);
        return { kind: 'unary', operator: word === '!' ? 'not' : word, operand: this.expression(operand), ...at };
      }
      case 'PostfixExpression': {
        const [operand, operator] = children;
        if (!operand) break;
        if (operator && this.of(operator) === '!') return this.expression(operand);
        return {
          kind: 'assignment',
          target: this.expression(operand),
          operator: '+',
          value: { kind: 'number', value: 1, ...at },
          ...at,
        };
      }
      case 'ParenthesizedExpression': {
        const inner = children.find(({ name }) => name !== '(' && name !== ')');
        if (!inner) break;
        return this.expression(inner);
      }
      case 'ConditionalExpression': {
        const [test, , then, , otherwise] = children;
        if (!test || !then || !otherwise) break;
        return {
          kind: 'conditional',
          test: this.expression(test),
          then: this.expression(then),
          otherwise: this.expression(otherwise),
          ...at,
        };
      }
      case 'ArrowFunction':
      case 'FunctionExpression':
        return { kind: 'function', function: this.function(node), ...at };
      case 'ClassExpression':
        return { kind: 'class', class: this.class(node), ...at };
      case 'AwaitExpression': {
        const value = children[1];
        if (!value) break;
        return { kind: 'await', value: this.expression(value), ...at };
      }
      case 'AssignmentExpression': {
        const [target, operator, value] = children;
        if (!target || !operator || !value) break;
        return {
          kind: 'assignment',
          target: this.expression(target),
          operator: operator.name === 'UpdateOp' ? this.of(operator).slice(0, -1) : '',
          value: this.expression(value),
          ...at,
        };
      }
    }
    return { kind: 'other', children: this.expressions(children), ...at };
  }

  private entries(properties: SyntaxNode[]): DictEntry[] {
    const entries: DictEntry[] = [];
    for (const property of properties.filter(({ name }) => name === 'Property')) {
      const children = childrenOf(property);
      const first = present(children[0]);
      const at = span(property);
      if (first.name === 'Spread') {
        if (children[1]) entries.push({ value: this.expression(children[1]), ...at });
        continue;
      }
      const nameNode = children.find(({ name }) => name === 'PropertyDefinition' || name === 'String');
      if (!nameNode) continue;
      const name = nameNode.name === 'String' ? stringOf(this.of(nameNode)) : this.of(nameNode);
      const key: Expression = { kind: 'string', value: name, ...span(nameNode) };
      const colon = children.findIndex(({ name }) => name === ':');
      const value = children[colon + 1];
      if (colon >= 0 && value) entries.push({ key, value: this.expression(value), ...at });
      else if (children.some(({ name }) => name === 'Block'))
        entries.push({ key, value: { kind: 'function', function: this.function(property), ...at }, ...at });
      else entries.push({ key, value: { kind: 'name', name, ...span(nameNode) }, ...at });
    }
    return entries;
  }

  private patternEntries(properties: SyntaxNode[]): DictEntry[] {
    const entries: DictEntry[] = [];
    for (const property of properties.filter(({ name }) => name === 'PatternProperty')) {
      const children = childrenOf(property);
      const target = children.findLast(({ name }) =>
        /^(VariableDefinition|VariableName|ObjectPattern|ArrayPattern)$/.test(name),
      );
      const name = children.find((child) => child.name === 'PropertyName' || child.name === 'PropertyDefinition');
      if (!target) continue;
      entries.push({
        key: { kind: 'string', value: this.of(name ?? target), ...span(name ?? target) },
        value: this.expression(target),
        ...span(property),
      });
    }
    return entries;
  }
}

/** JavaScript's operators under the names that Python gives them. */
const javaScriptOperators: Readonly<Record<string, string>> = {
  '&&': 'and',
  '||': 'or',
  '??': 'or',
  '===': '==',
  '!==': '!=',
};
