/**
 * Follows a program without running it: imports, constants, classes, calls between its functions, loops over known
 * ranges, both sides of conditions that are not known. What the library's functions mean is told by a `Library`.
 */
import { builtinMethod, builtins, pythonBuiltins } from './builtins';
import { choiceOf, Heap } from './heap';
import { arithmetic, comparisons, contains, sameness, written } from './known-operators';
import type { ParsedSource } from './parse';
import {
  allStatements,
  type Argument,
  type Block,
  type Expression,
  type ExpressionOf,
  type FunctionNode,
  type Statement,
  type StatementOf,
} from './syntax';
import type { Span } from './text';
import { emptyTrace, type Arm, type Event, type Frame, type LoopContext, type Trace } from './trace';
import {
  constant,
  external,
  isNone,
  itemsOf,
  list,
  mostItems,
  nameOf,
  none,
  type ArgumentValue,
  type Call,
  type Category,
  type ClassValue,
  type Container,
  type FunctionValue,
  type Imported,
  type Instance,
  type Layer,
  type LibraryObject,
  type Op,
  type Scope,
  type Site,
  type Tensor,
  type Unknown,
  type Value,
} from './values';

/** What a library's names mean. Every answer may be `undefined`: not known. */
export interface Library {
  /** The full name behind an imported module, where it is part of the library: `torch.nn`. */
  module(name: string): string | undefined;
  /** A name that needs no import: `tf` of a script tag. */
  global(name: string): Value | undefined;
  attribute(path: string, name: string): Value | undefined;
  call(machine: Interpreter, path: string, call: Call): Value | undefined;
  member(machine: Interpreter, receiver: Value, name: string, site: Site): Value | undefined;
  method(machine: Interpreter, receiver: Value, name: string, call: Call): Value | undefined;
  /** Calls an object: a layer, a container, an instance of a module. */
  invoke(machine: Interpreter, callee: Value, call: Call): Value | undefined;
  /** What `super().forward` is in a class that derives from one of the library's. */
  inherited(machine: Interpreter, base: Value, site: Site): Value | undefined;
  enter(machine: Interpreter, context: Value, site: Site): { leave: () => void; value?: Value } | undefined;
  /** What a parameter is, from its annotation, where the function is not called in the file. */
  annotated(machine: Interpreter, annotation: Value, name: string, site: Site): Value | undefined;
  /** Runs what the framework would run: forward of modules, steps of Lightning modules. */
  finish(machine: Interpreter): void;
}

/** Finds files of the same project that a file imports. */
export type FindModule = (name: string, from: string) => ParsedSource | undefined;

type Completion = 'next' | 'return' | 'break' | 'continue' | 'raise';

/** Expressions looked at before the analysis of a file gives up; a 2,500-line file needs about an eighth. */
const fuelOfFile = 300_000;
/** Another file's definitions, and how many other files are read at most. */
const fuelOfModule = 40_000;
const mostModules = 60;
const maximalDepth = 24;
const maximalIterations = 160;

interface Running {
  frame: Frame;
  returned: Value[];
}

export class Interpreter {
  readonly trace: Trace;
  readonly heap = new Heap();
  private fuel = fuelOfFile;
  private ids = 0;
  private running: Running[] = [];
  /** The frames of `running`, which the events that happen in them share. */
  private frames: readonly Frame[] = [];
  private loops: LoopContext[] = [];
  private arms: Arm[] = [];
  /** Modules whose forward runs, the outermost first. */
  modules: Instance[] = [];
  withoutGradient = 0;
  private readonly functions = new Map<FunctionNode, FunctionValue>();
  private readonly executed = new Set<FunctionNode>();
  /** Choices whose attribute is being looked up. */
  private readonly asked = new Set<Value>();
  private readonly modulesRead = new Map<string, Scope>();
  private readonly found = new Map<string, ParsedSource | undefined>();
  /** Inside an imported file, whose own training is not this file's. */
  private importing = 0;

  constructor(
    readonly file: ParsedSource,
    readonly library: Library,
    private readonly findModule: FindModule = () => undefined,
  ) {
    this.trace = emptyTrace(file);
  }

  /** Follows the whole file: its top level, then every function and class that nothing in it calls. */
  run(): Trace {
    try {
      this.runAll();
    } catch (error) {
      // Expressions nested deeper than the stack: generated code, about which there is nothing to say.
      if (!(error instanceof RangeError)) throw error;
      this.trace.exhausted = true;
    }
    return this.trace;
  }

  private runAll(): void {
    const scope: Scope = { names: new Map(), file: this.file, kind: 'module' };
    this.modulesRead.set(this.file.source.path, scope);
    this.inFrame({ id: this.id(), node: undefined, file: this.file }, () => this.block(this.file.root, scope));
    this.runFunctions((value) => value.self === undefined && value.scope.kind === 'module');
    this.instantiateClasses();
    this.library.finish(this);
    this.runMethods();
    this.runFunctions(() => true);
  }

  /** Takes one step, if there is one left. */
  private isSpent(): boolean {
    if (--this.fuel >= 0) return false;
    if (this.importing === 0) this.trace.exhausted = true;
    return true;
  }

  id(): number {
    return ++this.ids;
  }

  unknown(name: string, origin: Unknown['origin'] = 'other'): Unknown {
    return { kind: 'unknown', id: this.id(), name, origin, members: new Map(), uses: new Set() };
  }

  site(span: Span, file: ParsedSource): Site {
    return { file, from: span.from, to: span.to };
  }

  get frame(): Frame | undefined {
    return this.running.at(-1)?.frame;
  }

  record(event: Pick<Event, 'kind' | 'site'> & Partial<Event>): void {
    if (this.importing > 0) return;
    this.trace.events.push({
      ...event,
      order: this.id(),
      loops: this.loops,
      arms: this.arms,
      frames: this.frames,
      withoutGradient: this.withoutGradient > 0,
    });
  }

  get currentArms(): readonly Arm[] {
    return this.arms;
  }

  // ---------------------------------------------------------------- tensors

  op(category: Category, name: string, inputs: readonly Value[], site: Site, more: Partial<Op> = {}): Tensor {
    const sources = inputs.map((value) => this.tensorOf(value, site)).filter((op) => op !== undefined);
    const op: Op = {
      id: this.id(),
      category,
      name,
      inputs: sources,
      site,
      modules: this.modules,
      gradient: 'unknown',
      ...more,
    };
    if (!more.gradient) Object.assign(op, this.gradientOf(op));
    this.trace.ops.push(op);
    return { kind: 'tensor', op };
  }

  private gradientOf(op: Op): Pick<Op, 'gradient' | 'cut'> {
    if (op.category === 'parameter') return { gradient: 'yes' };
    if (this.withoutGradient > 0) return { gradient: 'no', cut: 'no_grad' };
    if (op.category === 'detach') return { gradient: 'no', cut: 'detach' };
    if (op.category === 'data' || op.category === 'constant') return { gradient: 'no' };
    if (op.category === 'input' || op.category === 'unknown') return { gradient: 'unknown' };
    const trainable = ['weights', 'recurrent', 'attention', 'embedding'].includes(op.category);
    if (trainable && op.layer && op.layer.slots.get('frozen') === undefined) return { gradient: 'yes' };
    if (op.inputs.some((input) => input.gradient === 'yes')) return { gradient: 'yes' };
    if (trainable || op.inputs.length === 0 || op.inputs.some((input) => input.gradient === 'unknown'))
      return { gradient: 'unknown' };
    const cut = op.inputs.find((input) => input.cut)?.cut;
    return cut ? { gradient: 'no', cut } : { gradient: 'no' };
  }

  /** The tensor that a value is, or may be; nothing for numbers, strings, modules. */
  tensorOf(value: Value, site: Site): Op | undefined {
    switch (value.kind) {
      case 'tensor':
        return value.op;
      case 'parameter':
        return this.op('parameter', value.name, [], site, { layer: value.layer, gradient: 'yes' }).op;
      case 'unknown': {
        const known = value.members.get(' tensor');
        if (known?.kind === 'tensor') return known.op;
        const tensor = this.op(value.origin === 'data' ? 'data' : 'unknown', value.name, [], site, {
          gradient: value.origin === 'data' ? 'no' : 'unknown',
        });
        value.members.set(' tensor', tensor);
        return tensor.op;
      }
      case 'list': {
        const inputs = itemsOf(value)
          .map((item) => this.tensorOf(item, site))
          .filter((op) => op !== undefined);
        if (inputs.length <= 1) return inputs[0];
        return this.op(
          'merge',
          'tuple',
          inputs.map((op): Tensor => ({ kind: 'tensor', op })),
          site,
        ).op;
      }
      case 'choice': {
        const inputs = value.options.map((option) => this.tensorOf(option, site)).filter((op) => op !== undefined);
        if (inputs.length === 0) return undefined;
        return this.op(
          'choice',
          'choice',
          inputs.map((op): Tensor => ({ kind: 'tensor', op })),
          site,
        ).op;
      }
      default:
        return undefined;
    }
  }

  private choice(values: readonly Value[]): Value {
    return choiceOf(values) ?? this.unknown('choice');
  }

  readonly merge = (values: readonly Value[]): Value => {
    const merged = this.choice(values.map((value) => this.resolve(value)));
    if (merged.kind !== 'choice') return merged;
    const options = merged.options.filter((option) => option.kind !== 'absent' && !isNone(option));
    const tensors = options.filter((option) => option.kind === 'tensor');
    if (tensors.length > 1 && tensors.length === options.length)
      return this.op('choice', 'choice', tensors, tensors[0]!.op.site);
    return merged;
  };

  // ---------------------------------------------------------------- statements

  private inFrame<T>(frame: Frame, run: () => T): T {
    const { frames } = this;
    this.running.push({ frame, returned: [] });
    this.frames = [...frames, frame];
    try {
      return run();
    } finally {
      this.running.pop();
      this.frames = frames;
    }
  }

  private block(block: Block, scope: Scope): Completion {
    if (scope.file.source.language === 'javascript')
      for (const statement of block.statements)
        if (statement.kind === 'function') this.defineFunction(statement.function, scope);
    for (const statement of block.statements) {
      const completion = this.statement(statement, scope);
      if (completion !== 'next') return completion;
    }
    return 'next';
  }

  private statement(statement: Statement, scope: Scope): Completion {
    if (this.isSpent()) return 'raise';
    switch (statement.kind) {
      case 'expression':
        this.evaluate(statement.value, scope);
        return 'next';
      case 'assign':
        this.assign(statement, scope);
        return 'next';
      case 'function':
        this.defineFunction(statement.function, scope);
        return 'next';
      case 'class': {
        const value = this.defineClass(statement.class, scope);
        this.heap.write(scope.names, statement.class.name, value);
        return 'next';
      }
      case 'if':
        return this.conditional(statement, scope);
      case 'for':
        return this.forLoop(statement, scope);
      case 'while':
        for (const before of statement.before) this.statement(before, scope);
        this.soften(statement.body, scope);
        if (statement.test) this.evaluate(statement.test, scope);
        return this.inLoop({ id: this.id(), site: this.site(statement, scope.file), body: statement.body }, () =>
          afterLoop(this.block(statement.body, scope)),
        );
      case 'with':
        return this.with(statement, scope);
      case 'try': {
        const arms = [
          () => this.block(statement.body, scope),
          ...statement.handlers.map((handler) => () => this.block(handler, scope)),
        ];
        const completion = this.branch(arms, this.site(statement, scope.file));
        const last = statement.finally ? this.block(statement.finally, scope) : 'next';
        return last === 'next' ? completion : last;
      }
      case 'switch': {
        this.evaluate(statement.subject, scope);
        const arms = statement.arms.map((arm) => () => {
          const completion = this.block(arm, scope);
          return completion === 'break' && scope.file.source.language === 'javascript' ? 'next' : completion;
        });
        return this.branch([...arms, () => 'next'], this.site(statement, scope.file));
      }
      case 'block':
        return this.block(statement.body, scope);
      case 'return':
        this.running.at(-1)?.returned.push(statement.value ? this.evaluate(statement.value, scope) : none);
        return 'return';
      case 'raise':
        return 'raise';
      case 'break':
        return 'break';
      case 'continue':
        return 'continue';
      case 'import':
        this.import(statement, scope);
        return 'next';
      case 'pass':
        return 'next';
      case 'other':
        for (const child of statement.children) this.evaluate(child, scope);
        return 'next';
      case 'broken':
        this.broken(statement, scope);
        return 'next';
    }
  }

  /** A syntax error: the names around may be anything, and what should stand here may be what a rule misses. */
  private broken(statement: Span, scope: Scope): void {
    for (const name of scope.names.keys()) this.heap.write(scope.names, name, this.unknown(name));
    this.record({ kind: 'broken', site: this.site(statement, scope.file) });
  }

  private branch(arms: readonly (() => Completion)[], site: Site): Completion {
    const condition = this.id();
    const before = this.arms;
    const completions = this.heap.branch(
      arms.map((arm, index) => () => {
        this.arms = [...before, { condition, arm: index, site }];
        const completion = arm();
        this.arms = before;
        return completion;
      }),
      (completion) => completion === 'next',
      this.merge,
    );
    if (completions.includes('next')) return 'next';
    return completions.find((completion) => completion !== 'raise') ?? 'raise';
  }

  private conditional(statement: StatementOf<'if'>, scope: Scope): Completion {
    const truth = isMainGuard(statement.test) ? true : this.truth(this.evaluate(statement.test, scope));
    if (truth === true) return this.block(statement.body, scope);
    if (truth === false) return statement.otherwise ? this.block(statement.otherwise, scope) : 'next';
    return this.branch(
      [
        () => this.block(statement.body, scope),
        () => (statement.otherwise ? this.block(statement.otherwise, scope) : 'next'),
      ],
      this.site(statement, scope.file),
    );
  }

  private inLoop<T>(loop: LoopContext, run: () => T): T {
    const before = this.loops;
    this.loops = [...before, loop];
    try {
      return run();
    } finally {
      this.loops = before;
    }
  }

  private forLoop(statement: StatementOf<'for'>, scope: Scope): Completion {
    const iterable = this.settle(this.evaluate(statement.iterable, scope));
    const items = this.iterate(iterable);
    const loop: LoopContext = {
      id: this.id(),
      site: this.site(statement, scope.file),
      body: statement.body,
      values: iterable,
    };
    if (!items.exact || /\bbackward\(|\.step\(/.test(scope.file.source.slice(statement.body)))
      this.soften(statement.body, scope);
    return this.inLoop(loop, () => {
      for (const [index, item] of items.values.entries()) {
        this.assignTo(statement.target, item, scope);
        const before = this.work();
        const events = this.trace.events.length;
        const completion = this.block(statement.body, scope);
        if (completion === 'return' || completion === 'raise') return completion;
        if (completion === 'break') return 'next';
        // A loop that trains, or that only counts, says after one pass all that it has to say.
        const idle = iterable.kind === 'range' && this.work() === before;
        if (index === 0 && (this.trace.events.length > events || idle)) break;
        if (this.fuel < 0) break;
      }
      return statement.otherwise ? this.block(statement.otherwise, scope) : 'next';
    });
  }

  /** What a loop that is followed for one pass sets holds another value in the passes after: `first = True`. */
  private soften(body: Block, scope: Scope): void {
    for (const name of assignedIn(body)) {
      const value = scope.names.get(name);
      if (value?.kind === 'constant' && typeof value.value !== 'string' && !value.soft)
        this.heap.write(scope.names, name, { ...value, soft: true });
    }
  }

  /** Grows whenever something is built, computed or initialized. */
  private work(): number {
    return (
      this.trace.ops.length + this.trace.layers.length + this.trace.initializations.length + this.trace.instances.length
    );
  }

  /** The values that a loop over a value runs through; not exact when there may be more or fewer. */
  iterate(unsettled: Value): { values: readonly Value[]; exact: boolean } {
    const value = this.settle(unsettled);
    const inexact = (item: Value): { values: readonly Value[]; exact: boolean } => ({ values: [item], exact: false });
    switch (value.kind) {
      case 'list':
        return itemsOf(value).length <= maximalIterations
          ? { values: itemsOf(value), exact: value.exact }
          : { values: itemsOf(value).slice(0, 1), exact: false };
      case 'container':
        return { values: itemsOf(value), exact: value.exact };
      case 'range': {
        const count = Math.max(0, Math.ceil((value.stop - value.start) / value.step));
        if (count > maximalIterations) return inexact(this.unknown('index', 'other'));
        const values = Array.from({ length: count }, (_, index) => constant(value.start + index * value.step));
        return { values, exact: true };
      }
      case 'dict':
        return { values: [...value.slots.keys()].map((key) => constant(key)), exact: value.exact };
      case 'tensor':
        return inexact(this.op('pass', 'item', [value], value.op.site));
      case 'unknown':
        return inexact(
          this.unknown(value.name, value.origin === 'parameter' || value.origin === 'call' ? 'data' : value.origin),
        );
      case 'object':
        return inexact(this.unknown(value.type, 'data'));
      case 'parameters-of':
        return inexact({ kind: 'parameter', name: 'parameter' });
      case 'constant':
        if (typeof value.value === 'string')
          return { values: Array.from(value.value, (letter) => constant(letter)), exact: true };
        return inexact(this.unknown('item', 'other'));
      default:
        return inexact(this.unknown('item', 'other'));
    }
  }

  private with(statement: StatementOf<'with'>, scope: Scope): Completion {
    const leaving: (() => void)[] = [];
    for (const { context, target } of statement.items) {
      const value = this.evaluate(context, scope);
      const entered = this.library.enter(this, value, this.site(context, scope.file));
      if (entered) leaving.push(entered.leave);
      if (target) this.assignTo(target, entered?.value ?? value, scope);
    }
    const completion = this.block(statement.body, scope);
    for (const leave of leaving.reverse()) leave();
    return completion;
  }

  private import(statement: StatementOf<'import'>, scope: Scope): void {
    const path = this.library.module(statement.module);
    const from = scope.file.source.path;
    for (const { name, alias } of statement.names) {
      if (name === '*') {
        const file = path === undefined ? this.fileOf(statement.module, from) : undefined;
        for (const [key, value] of file ? this.read(file).names : []) this.heap.write(scope.names, key, value);
        continue;
      }
      if (name === undefined) {
        // `import a.b` binds `a`.
        const bound = alias || statement.module.split('.')[0]!;
        const value =
          path === undefined
            ? external(alias ? statement.module : bound)
            : external(alias ? path : (this.library.module(bound) ?? bound));
        this.heap.write(scope.names, bound, value);
        continue;
      }
      const imported: Imported = { kind: 'imported', module: statement.module, name, from };
      const value =
        path === undefined
          ? scope.kind === 'class'
            ? this.resolve(imported)
            : imported
          : name === 'default'
            ? external(path)
            : this.attributeOfExternal(path, name);
      this.heap.write(scope.names, alias, value);
    }
  }

  /** What an imported name is: most names of a file are imported for functions that nobody calls here. */
  private resolve(value: Value): Value {
    if (value.kind !== 'imported') return value;
    const { module, name, from } = value;
    const file = this.fileOf(module, from);
    if (!file) return this.attributeOfExternal(module, name);
    const found = this.read(file).names.get(name);
    return found ? this.resolve(found) : this.unknown(name);
  }

  private fileOf(module: string, from: string): ParsedSource | undefined {
    const key = `${from}\n${module}`;
    if (!this.found.has(key)) this.found.set(key, this.findModule(module, from));
    return this.found.get(key);
  }

  /** The names of another file of the project; read once. */
  private read(file: ParsedSource): Scope {
    const known = this.modulesRead.get(file.source.path);
    if (known) return known;
    const scope: Scope = { names: new Map(), file, kind: 'module' };
    this.modulesRead.set(file.source.path, scope);
    if (this.modulesRead.size > mostModules) return scope;
    const { loops, arms, modules, withoutGradient, running, frames, fuel } = this;
    this.loops = [];
    this.arms = [];
    this.modules = [];
    this.withoutGradient = 0;
    this.running = [];
    this.frames = [];
    this.fuel = Math.min(fuel, fuelOfModule);
    this.importing++;
    this.heap.aside(() => {
      this.inFrame({ id: this.id(), node: undefined, file }, () => {
        const statements = file.root.statements.filter((each) => each.kind !== 'if' || !isMainGuard(each.test));
        this.block({ ...file.root, statements }, scope);
      });
    });
    this.importing--;
    // Of what was not read to its end nothing is known.
    if (this.fuel < 0) scope.names.clear();
    this.fuel = fuel - (Math.min(fuel, fuelOfModule) - this.fuel);
    Object.assign(this, { loops, arms, modules, withoutGradient, running, frames });
    return scope;
  }

  attributeOfExternal(path: string, name: string): Value {
    return this.library.attribute(path, name) ?? external(`${path}.${name}`);
  }

  // ---------------------------------------------------------------- assignments

  private assign(statement: StatementOf<'assign'>, scope: Scope): void {
    let value = this.settle(this.evaluate(statement.value, scope));
    for (const target of statement.targets) {
      if (statement.operator) {
        const left = this.evaluate(target, scope);
        value = this.binary(statement.operator, left, value, this.site(statement, scope.file), true);
      }
      this.assignTo(target, value, scope, statement.value, statement.declares);
    }
  }

  assignTo(target: Expression, value: Value, scope: Scope, valueNode?: Expression, declares = false): void {
    switch (target.kind) {
      case 'name': {
        let owner: Scope | undefined = scope;
        if (scope.file.source.language === 'javascript' && !declares)
          while (owner && !owner.names.has(target.name)) owner = owner.parent;
        this.heap.write((owner ?? scope).names, target.name, value);
        break;
      }
      case 'attribute': {
        const object = this.evaluate(target.object, scope);
        this.setAttribute(object, target.name, value, this.site(target, scope.file), valueNode ?? target);
        break;
      }
      case 'subscript': {
        const object = this.evaluate(target.object, scope);
        const [index] = target.indices.map((each) => this.evaluate(each, scope));
        if (object.kind === 'dict' && index?.kind === 'constant') {
          this.heap.write(object.slots, String(index.value), value);
          if (valueNode) object.sites.set(String(index.value), valueNode);
        } else if (object.kind === 'dict') object.exact = false;
        else if (object.kind === 'list') object.exact = false;
        else if (object.kind === 'container') this.setItem(object, index, value);
        break;
      }
      case 'list': {
        const items = value.kind === 'list' && value.exact ? itemsOf(value) : undefined;
        const star = target.items.findIndex((item) => item.kind === 'spread');
        target.items.forEach((item, index) => {
          if (item.kind === 'spread') {
            this.assignTo(item.value, this.unknown('rest'), scope, undefined, declares);
            return;
          }
          const at = star >= 0 && index > star ? index - target.items.length + (items?.length ?? 0) : index;
          this.assignTo(item, items?.[at] ?? this.part(value, index, scope, item), scope, undefined, declares);
        });
        break;
      }
      case 'dict':
        for (const { key, value: inner } of target.entries) {
          if (key?.kind !== 'string') continue;
          const part = this.attribute(value, key.value, this.site(inner, scope.file));
          this.assignTo(inner, part, scope, undefined, declares);
        }
        break;
      default:
        break;
    }
  }

  /** `heads['main'] = nn.Linear(…)`, `layers[0] = …`: a module more, or another one in its place. */
  private setItem(container: Container, index: Value | undefined, value: Value): void {
    const items = itemsOf(container);
    const key = index?.kind === 'constant' ? index.value : undefined;
    const at = typeof key === 'number' && container.type !== 'ModuleDict' ? (key < 0 ? items.length + key : key) : -1;
    const known = items.findIndex((item, position) => position === at || container.names.get(item) === key);
    const replaced = key !== undefined && known >= 0;
    this.heap.write(container.slots, 'items', replaced ? items.with(known, value) : [...items, value]);
    if (typeof key === 'string') container.names.set(value, key);
    if (key === undefined) container.exact = false;
  }

  /** One of the values that an unpacked value holds. */
  private part(value: Value, index: number, scope: Scope, node: Expression): Value {
    if (value.kind === 'tensor') {
      if (value.op.category === 'recurrent' && index > 0) return this.unknown('state', 'other');
      return value.op.category === 'recurrent' || value.op.category === 'attention'
        ? index === 0
          ? value
          : this.unknown('part', 'other')
        : this.op('pass', 'item', [value], this.site(node, scope.file));
    }
    if (value.kind === 'unknown') {
      const name = node.kind === 'name' ? node.name : `${value.name}[${index}]`;
      return this.unknown(name, value.origin === 'parameter' ? 'other' : value.origin);
    }
    if (value.kind === 'choice')
      return this.merge(
        value.options.map((option) =>
          option.kind === 'list'
            ? (itemsOf(option)[index] ?? this.unknown('part'))
            : this.part(option, index, scope, node),
        ),
      );
    return this.unknown(node.kind === 'name' ? node.name : 'part', 'other');
  }

  setAttribute(object: Value, name: string, value: Value, site: Site, valueSpan: Span): void {
    if (object.kind === 'instance') {
      this.heap.write(object.slots, name, value);
      this.trace.attributes.push({ instance: object, name, value, site, valueSpan });
    } else if (object.kind === 'tensor') {
      if (name === 'requires_grad') object.op.gradient = 'yes';
    } else if (object.kind === 'object' || object.kind === 'layer') this.heap.write(object.slots, name, value);
    else if (object.kind === 'unknown') object.members.set(name, value);
    else if (object.kind === 'parameter' && name === 'grad')
      this.record({ kind: 'gradient-access', site, target: object });
    if (name === 'grad' && ['unknown', 'parameter', 'tensor'].includes(object.kind))
      this.record({ kind: 'zero-grad', site, target: object });
  }

  // ---------------------------------------------------------------- definitions

  private defineFunction(node: FunctionNode, scope: Scope): FunctionValue {
    for (const parameter of node.parameters) if (parameter.default) this.defaultOf(parameter.default, scope);
    const value: FunctionValue = { kind: 'function', node, scope };
    this.functions.set(node, value);
    if (node.name) this.heap.write(scope.names, node.name, value);
    return value;
  }

  private defaultOf(node: Expression, scope: Scope): Value {
    return this.evaluate(node, scope);
  }

  private defineClass(node: Extract<Statement, { kind: 'class' }>['class'], scope: Scope): ClassValue {
    const members: Scope = { names: new Map(), parent: scope, file: scope.file, kind: 'class' };
    const value: ClassValue = {
      kind: 'class',
      node,
      scope,
      bases: node.bases.map((base) => this.evaluate(base, scope)),
      members: members.names,
    };
    this.block(node.body, members);
    for (const member of members.names.values())
      if (member.kind === 'function' && member.node.from >= node.from && member.node.to <= node.to)
        member.owner = value;
    if (this.importing === 0) this.trace.classes.push(value);
    return value;
  }

  /** A member of a class or of the first base that has it. */
  findMember(value: ClassValue, name: string): Value | undefined {
    const own = value.members.get(name);
    if (own) return own;
    for (const base of value.bases)
      if (base.kind === 'class') {
        const found = this.findMember(base, name);
        if (found) return found;
      }
    return undefined;
  }

  /** The library's class that a class derives from. `undefined` if some base is not known. */
  libraryBase(value: ClassValue): string | undefined {
    const bases = value.bases.map((base) => {
      if (base.kind === 'class') return this.libraryBase(base);
      return base.kind === 'external' ? base.path : undefined;
    });
    if (bases.includes(undefined)) return undefined;
    return bases.find((base) => base !== '') ?? '';
  }

  // ---------------------------------------------------------------- calls

  callValue(callee: Value, call: Call): Value {
    if (this.isSpent()) return this.unknown('');
    switch (callee.kind) {
      case 'function':
        return this.callFunction(callee, call);
      case 'class':
        return this.instantiate(callee, call);
      case 'external': {
        const known = this.library.call(this, callee.path, call) ?? builtins(this, callee.path, call);
        return known ?? this.callUnknown(callee.path, call);
      }
      case 'bound': {
        const known =
          this.library.method(this, callee.receiver, callee.name, call) ??
          builtinMethod(this, callee.receiver, callee.name, call);
        if (known) return known;
        if (callee.receiver.kind === 'unknown') callee.receiver.uses.add(callee.name);
        return this.callUnknown(callee.name, call, callee.receiver);
      }
      case 'choice': {
        const results = callee.options
          .filter((option) => !isNone(option))
          .map((option) =>
            option.kind === 'absent' ? (call.positional[0]?.value ?? none) : this.callValue(option, call),
          );
        return this.merge(results);
      }
      case 'absent':
        return call.positional[0]?.value ?? none;
      case 'object': {
        const inner = callee.type === 'partial' ? callee.slots.get('callee') : undefined;
        if (!inner) return this.library.invoke(this, callee, call) ?? this.callUnknown(callee.type, call, callee);
        const given = callee.call;
        return this.callValue(inner, {
          ...call,
          positional: [...given.positional.slice(1), ...call.positional],
          keywords: new Map([...given.keywords, ...call.keywords]),
          open: given.open || call.open,
        });
      }
      default:
        return this.library.invoke(this, callee, call) ?? this.callUnknown(nameOf(callee), call, callee);
    }
  }

  /** A function that is not known may do anything with what it is given. */
  private callUnknown(name: string, call: Call, receiver?: Value): Value {
    const values = [...call.positional, ...call.keywords.values()].map(({ value }) => value);
    const concerned =
      (!harmless.test(name.slice(name.lastIndexOf('.') + 1)) && values.some((value) => this.concernsTraining(value))) ||
      clearsGradients.test(name);
    if (
      concerned ||
      (!harmless.test(name) && receiver && receiver.kind !== 'unknown' && this.concernsTraining(receiver))
    )
      this.record({ kind: 'unknown-call', site: call.site, call, argument: constant(name) });
    for (const value of values)
      if (value.kind === 'instance' || value.kind === 'container') this.heap.write(value.slots, ' given', none);
    const tensors = [...(receiver ? [receiver] : []), ...values].filter((value) => value.kind === 'tensor');
    if (tensors.length > 0) return this.op('unknown', name, tensors, call.site, { call });
    const data = receiver?.kind === 'unknown' && receiver.origin === 'data';
    return this.unknown(name, data ? 'data' : 'call');
  }

  private concernsTraining(value: Value): boolean {
    return (
      value.kind === 'instance' ||
      value.kind === 'container' ||
      value.kind === 'object' ||
      value.kind === 'parameters-of' ||
      value.kind === 'tensor' ||
      (value.kind === 'unknown' && /optim|loss|scaler|model|net/i.test(value.name))
    );
  }

  callFunction(callee: FunctionValue, call: Call): Value {
    const self = callee.self;
    const skipsSelf = self && !callee.node.isStatic && callee.scope.file.source.language === 'python';
    const positional = skipsSelf
      ? [{ value: self as Value, node: call.node as Expression }, ...call.positional]
      : call.positional;
    return this.enterFunction(callee, { ...call, positional }, false);
  }

  private enterFunction(callee: FunctionValue, call: Call, entry: boolean): Value {
    const { node } = callee;
    const depth = this.running.length;
    if (depth > maximalDepth || this.running.filter(({ frame }) => frame.node === node).length > 1)
      return this.unknown(node.name, 'call');
    this.executed.add(node);
    const scope: Scope = { names: new Map(), parent: callee.scope, file: callee.scope.file, kind: 'function' };
    if (callee.self && scope.file.source.language === 'javascript') scope.names.set('this', callee.self);
    if (callee.owner) scope.names.set('__class__', callee.owner);
    this.bind(node, call, scope, entry);
    const frame: Frame = { id: this.id(), node, file: scope.file, ...(callee.self ? { self: callee.self } : {}) };
    return this.inFrame(frame, () => {
      if (node.expression) return this.evaluate(node.expression, scope);
      const completion = this.block(node.body, scope);
      const { returned } = this.running.at(-1)!;
      if (completion === 'next' && returned.length === 0) return none;
      if (returned.length === 0) return this.unknown(node.name);
      return this.merge(completion === 'next' ? [...returned, none] : returned);
    });
  }

  private bind(node: FunctionNode, call: Call, scope: Scope, entry: boolean): void {
    let position = 0;
    const taken = new Set<string>();
    const { parent } = scope;
    for (const parameter of node.parameters) {
      let value: Value | undefined;
      if (parameter.kind === 'rest') {
        value = list(
          call.positional.slice(position).map((each) => each.value),
          !entry && !call.open,
          'tuple',
        );
        position = call.positional.length;
      } else if (parameter.kind === 'keywords') {
        const rest = [...call.keywords].filter(([key]) => !taken.has(key));
        value = {
          kind: 'dict',
          slots: new Map(rest.map(([key, each]) => [key, each.value])),
          sites: new Map(rest.map(([key, each]) => [key, each.node])),
          exact: !entry && !call.open,
        };
      } else {
        const keyword = call.keywords.get(parameter.name);
        if (keyword) {
          value = keyword.value;
          taken.add(parameter.name);
        } else if (parameter.kind === 'normal' && position < call.positional.length)
          value = call.positional[position++]!.value;
      }
      value ??= this.missingArgument(parameter, call, scope, parent, entry);
      if (parameter.pattern) this.assignTo(parameter.pattern, value, scope, undefined, true);
      else scope.names.set(parameter.name, value);
    }
  }

  private missingArgument(
    parameter: FunctionNode['parameters'][number],
    call: Call,
    scope: Scope,
    parent: Scope | undefined,
    entry: boolean,
  ): Value {
    if (parameter.default && !call.open) {
      const value = this.evaluate(parameter.default, parent ?? scope);
      return entry && value.kind === 'constant' ? { ...value, soft: true } : value;
    }
    if (parameter.annotation && entry) {
      const annotation = this.evaluate(parameter.annotation, parent ?? scope);
      const site = this.site(parameter, scope.file);
      const known = this.library.annotated(this, annotation, parameter.name, site);
      if (known) return known;
    }
    return this.unknown(parameter.name, 'parameter');
  }

  instantiate(value: ClassValue, call: Call, assumed = false): Value {
    const instance: Instance = {
      kind: 'instance',
      id: this.id(),
      class: value,
      slots: new Map(),
      call,
      site: call.site,
      base: this.libraryBase(value),
      assumed,
    };
    this.trace.instances.push(instance);
    const isJavaScript = value.scope.file.source.language === 'javascript';
    if (isJavaScript)
      for (const [name, member] of value.members) if (member.kind !== 'function') instance.slots.set(name, member);
    const constructor = this.findMember(value, isJavaScript ? 'constructor' : '__init__');
    if (constructor?.kind === 'function') {
      const method: FunctionValue = { ...constructor, self: instance };
      const self = { value: instance as Value, node: call.node as Expression };
      const positional = isJavaScript ? call.positional : [self, ...call.positional];
      this.enterFunction(method, { ...call, positional }, assumed);
    } else if (!isJavaScript) this.fields(value, call, instance);
    return instance;
  }

  /** A dataclass takes its fields as arguments. */
  private fields(value: ClassValue, call: Call, instance: Instance): void {
    for (const [name, argument] of call.keywords) instance.slots.set(name, argument.value);
    const fields = value.node.body.statements.flatMap((statement) =>
      statement.kind === 'assign' && statement.annotation && statement.targets[0]?.kind === 'name'
        ? [statement.targets[0].name]
        : [],
    );
    call.positional.forEach((argument, index) => {
      const name = fields[index];
      if (name !== undefined) instance.slots.set(name, argument.value);
    });
  }

  /** A call that the analysis makes itself, with nothing known of the arguments. */
  assumedCall(site: Site, positional: readonly Value[] = []): Call {
    const node: ExpressionOf<'call'> = {
      kind: 'call',
      callee: { kind: 'null', from: site.from, to: site.to },
      arguments: [],
      argumentList: { from: site.to, to: site.to },
      isNew: false,
      from: site.from,
      to: site.to,
    };
    return {
      node,
      site,
      positional: positional.map((value): ArgumentValue => ({ value, node })),
      keywords: new Map(),
      open: false,
    };
  }

  /** Runs a method as the framework would, parameters unknown but for those given. */
  runMethod(instance: Instance, name: string, positional: readonly Value[] = []): Value | undefined {
    const member = this.findMember(instance.class, name);
    if (member?.kind !== 'function') return undefined;
    const site = this.site(member.node, member.scope.file);
    const method: FunctionValue = { ...member, self: instance };
    const self = member.scope.file.source.language === 'python' ? [instance as Value] : [];
    return this.enterFunction(method, this.assumedCall(site, [...self, ...positional]), true);
  }

  hasRun(node: FunctionNode): boolean {
    return this.executed.has(node);
  }

  private runFunctions(which: (value: FunctionValue) => boolean): void {
    for (const [node, value] of [...this.functions]) {
      if (this.executed.has(node) || value.scope.file !== this.file || value.owner || !which(value)) continue;
      if (value.scope.kind === 'class') continue;
      this.enterFunction(value, this.assumedCall(this.site(node, this.file)), true);
    }
  }

  private instantiateClasses(): void {
    const made = new Set(this.trace.instances.map((instance) => instance.class));
    for (const value of this.trace.classes) {
      if (made.has(value) || [...made].some((other) => this.derives(other, value))) continue;
      this.instantiate(value, this.assumedCall(this.site(value.node, value.scope.file)), true);
    }
  }

  private derives(value: ClassValue, base: ClassValue): boolean {
    return value.bases.some((each) => each === base || (each.kind === 'class' && this.derives(each, base)));
  }

  private runMethods(): void {
    for (const instance of [...this.trace.instances]) {
      if (instance.class.scope.file !== this.file) continue;
      for (const [name, member] of instance.class.members) {
        if (member.kind !== 'function' || this.executed.has(member.node) || /^(__\w+__|constructor)$/.test(name))
          continue;
        if (member.node.isStatic) continue;
        this.runMethod(instance, name);
      }
    }
  }

  // ---------------------------------------------------------------- expressions

  evaluate(node: Expression, scope: Scope): Value {
    if (this.isSpent()) return this.unknown('');
    switch (node.kind) {
      case 'name':
        return this.lookup(node.name, scope);
      case 'number':
      case 'string':
      case 'boolean':
        return constant(node.value);
      case 'null':
        return none;
      case 'list':
        return this.listOf(node, scope);
      case 'dict':
        return this.dictOf(node, scope);
      case 'attribute':
        return this.attribute(this.evaluate(node.object, scope), node.name, this.site(node, scope.file));
      case 'subscript': {
        const object = this.evaluate(node.object, scope);
        return this.subscript(object, node, scope);
      }
      case 'slice':
        for (const part of node.parts) this.evaluate(part, scope);
        return this.unknown('slice');
      case 'call':
        return this.call(node, scope);
      case 'binary':
        return this.binaryNode(node, scope);
      case 'unary': {
        const value = this.evaluate(node.operand, scope);
        return this.unary(node.operator, value, this.site(node, scope.file));
      }
      case 'conditional': {
        const truth = this.truth(this.evaluate(node.test, scope));
        if (truth === true) return this.evaluate(node.then, scope);
        if (truth === false) return this.evaluate(node.otherwise, scope);
        return this.merge([this.evaluate(node.then, scope), this.evaluate(node.otherwise, scope)]);
      }
      case 'function':
        return this.defineFunction(node.function, scope);
      case 'class':
        return this.defineClass(node.class, scope);
      case 'comprehension':
        return this.comprehension(node, scope);
      case 'spread':
        return this.evaluate(node.value, scope);
      case 'await':
        return this.evaluate(node.value, scope);
      case 'assignment': {
        let value = this.evaluate(node.value, scope);
        if (node.operator) {
          const left = this.evaluate(node.target, scope);
          value = this.binary(node.operator, left, value, this.site(node, scope.file), true);
        }
        this.assignTo(node.target, value, scope, node.value);
        return value;
      }
      case 'range': {
        const start = this.evaluate(node.start, scope);
        const stop = this.evaluate(node.stop, scope);
        if (start.kind !== 'constant' || stop.kind !== 'constant') return this.unknown('range');
        if (typeof start.value !== 'number' || typeof stop.value !== 'number') return this.unknown('range');
        return { kind: 'range', start: start.value, stop: stop.value + (node.inclusive ? 1 : 0), step: node.step };
      }
      case 'other': {
        const values = node.children.map((child) => this.evaluate(child, scope));
        return (node.texts && written(node.texts, values)) ?? this.unknown('');
      }
    }
  }

  private lookup(name: string, scope: Scope): Value {
    for (let at: Scope | undefined = scope; at; at = at.parent) {
      if (at.kind === 'class' && at !== scope) continue;
      const value = at.names.get(name);
      if (value?.kind === 'imported') {
        const found = this.resolve(value);
        at.names.set(name, found);
        return found;
      }
      if (value) return value;
    }
    const known = this.library.global(name);
    if (known) return known;
    if (scope.file.source.language === 'python' && pythonBuiltins.has(name)) return external(`builtins.${name}`);
    // Not defined here: from wherever it comes, it is the same thing wherever it is named.
    const value = this.unknown(name, 'parameter');
    let outermost = scope;
    while (outermost.parent) outermost = outermost.parent;
    outermost.names.set(name, value);
    return value;
  }

  private listOf(node: ExpressionOf<'list'>, scope: Scope): Value {
    const items: Value[] = [];
    let exact = true;
    for (const item of node.items) {
      if (item.kind === 'spread') {
        const spread = this.iterate(this.evaluate(item.value, scope));
        items.push(...spread.values);
        exact &&= spread.exact;
      } else items.push(this.evaluate(item, scope));
    }
    return { ...list(items, exact, node.form), site: this.site(node, scope.file) };
  }

  private dictOf(node: ExpressionOf<'dict'>, scope: Scope): Value {
    const slots = new Map<string, Value>();
    const sites = new Map<string, Expression>();
    let exact = true;
    for (const { key, value } of node.entries) {
      const inner = this.evaluate(value, scope);
      if (!key) {
        if (inner.kind === 'dict') {
          for (const [name, each] of inner.slots) {
            slots.set(name, each);
            const at = inner.sites.get(name);
            if (at) sites.set(name, at);
          }
          exact &&= inner.exact;
        } else exact = false;
        continue;
      }
      const name = this.evaluate(key, scope);
      if (name.kind !== 'constant') {
        exact = false;
        continue;
      }
      slots.set(String(name.value), inner);
      sites.set(String(name.value), value);
    }
    return { kind: 'dict', slots, sites, exact, site: this.site(node, scope.file) };
  }

  attribute(unsettled: Value, name: string, site: Site): Value {
    const object = this.settle(unsettled);
    switch (object.kind) {
      case 'external':
        return this.attributeOfExternal(object.path, name);
      case 'instance': {
        const own = object.slots.get(name);
        if (own) return own;
        const member = this.findMember(object.class, name);
        if (member?.kind === 'function') {
          const method: FunctionValue = { ...member, self: object };
          return member.node.isProperty ? this.callFunction(method, this.assumedCall(site)) : method;
        }
        if (member) return member;
        const known = this.library.member(this, object, name, site);
        if (known) return known;
        if (object.slots.has(' members')) {
          const members = object.slots.get(' members');
          if (members?.kind === 'unknown') return this.attribute(members, name, site);
        }
        return { kind: 'bound', receiver: object, name };
      }
      case 'class': {
        const member = this.findMember(object, name);
        return member ?? { kind: 'bound', receiver: object, name };
      }
      case 'unknown': {
        const known = object.members.get(name);
        if (known) return known;
        const value = this.library.member(this, object, name, site);
        if (value) return value;
        return { kind: 'bound', receiver: object, name };
      }
      case 'dict':
        return object.slots.get(name) ?? { kind: 'bound', receiver: object, name };
      case 'choice': {
        // One of the options may be the very attribute that is asked for: `p.grad = p.grad if keep else p.other`.
        if (this.asked.has(object)) return this.unknown(name);
        this.asked.add(object);
        const parts = object.options.filter((option) => !isNone(option) && option.kind !== 'absent');
        const found = this.choice(parts.map((option) => this.attribute(option, name, site)));
        this.asked.delete(object);
        return found;
      }
      default:
        return this.library.member(this, object, name, site) ?? { kind: 'bound', receiver: object, name };
    }
  }

  /** A bound name that is read, not called: an attribute about which nothing is known but that it is always the same. */
  settle(value: Value): Value {
    if (value.kind !== 'bound') return value;
    const { receiver, name } = value;
    if (receiver.kind === 'unknown') {
      const known = receiver.members.get(name);
      if (known) return known;
      const member = this.unknown(
        receiver.name ? `${receiver.name}.${name}` : name,
        receiver.origin === 'data' ? 'data' : 'other',
      );
      receiver.members.set(name, member);
      return member;
    }
    if (receiver.kind === 'instance' || receiver.kind === 'object') {
      const known = receiver.slots.get(name);
      if (known) return known;
      const member = this.unknown(name, 'other');
      receiver.slots.set(name, member);
      return member;
    }
    return this.unknown(name);
  }

  private subscript(object: Value, node: ExpressionOf<'subscript'>, scope: Scope): Value {
    const indices = node.indices.map((index) => (index.kind === 'slice' ? undefined : this.evaluate(index, scope)));
    const [index] = indices;
    const site = this.site(node, scope.file);
    const settled = this.settle(object);
    const named =
      settled.kind === 'container' && index?.kind === 'constant'
        ? itemsOf(settled).find((item) => settled.names.get(item) === index.value)
        : undefined;
    if (named) return named;
    if (settled.kind === 'list' || settled.kind === 'container') {
      const items = itemsOf(settled);
      const slice = node.indices[0];
      if (slice?.kind === 'slice') {
        const bound = (part: Expression | undefined): number | undefined => {
          const value = part && this.evaluate(part, scope);
          return value?.kind === 'constant' && typeof value.value === 'number' ? value.value : undefined;
        };
        if ((slice.start && bound(slice.start) === undefined) || (slice.stop && bound(slice.stop) === undefined))
          return list(items, false);
        return list(items.slice(bound(slice.start), bound(slice.stop)), settled.exact);
      }
      if (index?.kind === 'constant' && typeof index.value === 'number') {
        const at = index.value < 0 ? items.length + index.value : index.value;
        if (settled.exact) return items[at] ?? this.unknown('item');
      }
      return items.length > 0 ? this.choice(items) : this.unknown('item');
    }
    if (settled.kind === 'dict') {
      if (index?.kind === 'constant')
        return settled.slots.get(String(index.value)) ?? this.unknown(String(index.value));
      const options = [...settled.slots.values()];
      return options.length > 0 ? this.choice(options) : this.unknown('item');
    }
    if (settled.kind === 'tensor') {
      if (settled.op.category === 'recurrent' || settled.op.category === 'attention') {
        if (index?.kind === 'constant' && index.value === 1) return this.unknown('state', 'other');
        if (index?.kind === 'constant' && index.value === 0) return settled;
      }
      return this.op('pass', 'item', [settled], site);
    }
    if (settled.kind === 'unknown') {
      const name = index?.kind === 'constant' ? `[${String(index.value)}]` : '[]';
      const known = settled.members.get(name);
      if (known) return known;
      const member = this.unknown(`${settled.name}${name}`, settled.origin === 'data' ? 'data' : 'other');
      settled.members.set(name, member);
      return member;
    }
    if (settled.kind === 'external') return this.unknown(settled.path);
    return this.unknown('item');
  }

  private call(node: ExpressionOf<'call'>, scope: Scope): Value {
    if (node.callee.kind === 'name' && node.callee.name === 'super') return this.superCall(node, scope);
    const callee = this.evaluate(node.callee, scope);
    const isMethod = callee.kind === 'bound';
    const site = this.site(node, scope.file);
    const positional: ArgumentValue[] = [];
    const keywords = new Map<string, ArgumentValue>();
    let open = false;
    for (const each of node.arguments) {
      const value = this.argument(each, scope);
      if (each.spread === 'list') {
        const { values, exact } = this.iterate(value);
        for (const item of values) positional.push({ value: item, node: each.value });
        open ||= !exact;
      } else if (each.spread === 'dict') {
        if (value.kind === 'dict') {
          for (const [name, item] of value.slots)
            keywords.set(name, { value: item, node: value.sites.get(name) ?? each.value });
          open ||= !value.exact;
        } else open = true;
      } else if (each.name) keywords.set(each.name, { value, node: each.value });
      else positional.push({ value, node: each.value });
    }
    const call: Call = { node, site, positional, keywords, open };
    if (isMethod && callee.receiver.kind === 'class') return this.callUnknown(callee.name, call);
    return this.callValue(callee, call);
  }

  private argument(node: Argument, scope: Scope): Value {
    return this.settle(this.evaluate(node.value, scope));
  }

  /** `super().__init__(…)`, `super(Net, self).__init__(…)`, `super(…)` of JavaScript. */
  private superCall(node: ExpressionOf<'call'>, scope: Scope): Value {
    const isJavaScript = scope.file.source.language === 'javascript';
    let self: Value | undefined;
    let owner: Value | undefined;
    for (let at: Scope | undefined = scope; at; at = at.parent) {
      owner ??= at.names.get('__class__');
      self ??= at.names.get('this');
    }
    self ??= this.running.findLast(({ frame }) => frame.self)?.frame.self;
    if (owner?.kind !== 'class' || self?.kind !== 'instance') return this.unknown('super');
    const base = owner.bases[0];
    if (isJavaScript) {
      const constructor = base?.kind === 'class' ? this.findMember(base, 'constructor') : undefined;
      const positional = node.arguments.map((each) => ({ value: this.argument(each, scope), node: each.value }));
      const call: Call = { node, site: this.site(node, scope.file), positional, keywords: new Map(), open: false };
      if (constructor?.kind === 'function') this.enterFunction({ ...constructor, self }, call, false);
      return none;
    }
    const instance = self;
    const inherited: ClassValue | undefined = owner.bases.find((each): each is ClassValue => each.kind === 'class');
    if (!inherited) {
      const members = new Map<string, Value>([['__init__', external('builtins.pass')]]);
      const forward = base && this.library.inherited(this, base, this.site(node, scope.file));
      if (forward) members.set('forward', forward);
      return { ...this.unknown('super'), members };
    }
    const proxy: Instance = { ...instance, class: inherited };
    const members = new Map<string, Value>();
    const collect = (value: ClassValue): void => {
      for (const base of value.bases) if (base.kind === 'class') collect(base);
      for (const [name, member] of value.members)
        members.set(name, member.kind === 'function' ? { ...member, self: instance } : member);
    };
    collect(proxy.class);
    if (!members.has('__init__')) members.set('__init__', external('builtins.pass'));
    return { ...this.unknown('super'), members };
  }

  private binaryNode(node: ExpressionOf<'binary'>, scope: Scope): Value {
    const left = this.settle(this.evaluate(node.left, scope));
    if (node.operator === 'and' || node.operator === 'or') {
      const truth = this.truth(left);
      if (truth !== undefined && truth === (node.operator === 'or')) return left;
      const right = this.settle(this.evaluate(node.right, scope));
      return truth === undefined ? this.merge([left, right]) : right;
    }
    const right = this.settle(this.evaluate(node.right, scope));
    const result = this.binary(node.operator, left, right, this.site(node, scope.file), false);
    // A default compared with something written down here is a switch that its user can flip.
    if (result.kind === 'constant' && comparisons.has(node.operator)) {
      const literal = isLiteral(node.left) || isLiteral(node.right);
      const soft = [left, right].some((value) => value.kind === 'constant' && value.soft);
      return soft && literal ? { ...result, soft: true } : constant(result.value);
    }
    return result;
  }

  binary(operator: string, left: Value, right: Value, site: Site, inPlace: boolean): Value {
    left = this.settle(left);
    right = this.settle(right);
    if (left.kind === 'constant' && right.kind === 'constant') {
      const value = arithmetic(operator, left.value, right.value);
      if (value !== undefined) return constant(value, Boolean(left.soft) || Boolean(right.soft));
    }
    if (operator === 'is' || operator === 'is not' || operator === '==' || operator === '!=') {
      const same = sameness(left, right);
      if (same === undefined) return this.unknown('comparison');
      return constant(same === (operator === 'is' || operator === '=='));
    }
    if (operator === 'in' || operator === 'not in') {
      const inside = contains(left, right);
      return inside === undefined ? this.unknown('comparison') : constant(inside === (operator === 'in'));
    }
    if (operator === '+' && left.kind === 'parameters-of' && right.kind === 'parameters-of')
      return { kind: 'parameters-of', owners: [...left.owners, ...right.owners] };
    if (operator === '+' && left.kind === 'list' && right.kind === 'list') {
      const items = [...itemsOf(left), ...itemsOf(right)];
      if (inPlace) {
        this.heap.write(left.slots, 'items', items.slice(0, mostItems));
        left.exact &&= right.exact && items.length <= mostItems;
        return left;
      }
      return list(items, left.exact && right.exact, left.form);
    }
    if (operator === '+' && left.kind === 'list' && inPlace) {
      left.exact = false;
      return left;
    }
    if (operator === '*') {
      const [items, count] = left.kind === 'list' ? [left, right] : [right, left];
      if (items.kind === 'list' && count.kind === 'constant' && typeof count.value === 'number')
        return list(
          Array.from({ length: Math.max(0, Math.min(count.value, 400)) }, () => itemsOf(items).slice(0, 400)).flat(),
          items.exact,
        );
    }
    const tensors = [left, right].filter(
      (value) => value.kind === 'tensor' || value.kind === 'parameter' || value.kind === 'choice',
    );
    if (tensors.some((value) => value.kind === 'tensor')) {
      if (comparisons.has(operator)) return this.op('detach', 'comparison', [left, right], site);
      const withParameter = left.kind === 'parameter' || right.kind === 'parameter';
      if (operator === '@' && withParameter)
        return this.op('weights', 'matmul', [left.kind === 'parameter' ? right : left], site, { gradient: 'yes' });
      if (operator === '@') return this.op('matmul', 'matmul', [left, right], site);
      if (withParameter) return this.op('scale', operators[operator] ?? operator, [left, right], site);
      const both = [left, right].filter((value) => value.kind !== 'constant' && value.kind !== 'dict');
      const merges = both.length === 2 && both.every((value) => value.kind !== 'unknown');
      const name = operators[operator] ?? operator;
      if (both.length === 2) return this.op('merge', merges ? name : `${name}?`, both, site);
      return this.op('scale', name, both, site);
    }
    const origin = [left, right].every(
      (value) => value.kind === 'constant' || (value.kind === 'unknown' && value.origin === 'data'),
    )
      ? 'data'
      : 'other';
    return this.unknown(nameOf(left) || nameOf(right), origin);
  }

  private unary(operator: string, operand: Value, site: Site): Value {
    const value = this.settle(operand);
    if (operator === 'not') {
      const truth = this.truth(value);
      return truth === undefined ? this.unknown('not') : constant(!truth);
    }
    if (value.kind === 'constant' && typeof value.value === 'number') {
      if (operator === '-') return { ...value, value: -value.value };
      if (operator === '+') return value;
    }
    if (value.kind === 'tensor' && operator === '-') return this.op('scale', 'negate', [value], site);
    return this.unknown(operator);
  }

  /** Whether a value is true as a condition; unknown for defaults that only stand until someone sets them. */
  truth(operand: Value): boolean | undefined {
    const value = this.settle(operand);
    switch (value.kind) {
      case 'constant':
        return value.soft ? undefined : Boolean(value.value);
      case 'list':
        return value.exact ? itemsOf(value).length > 0 : undefined;
      case 'dict':
        return value.exact ? value.slots.size > 0 : undefined;
      case 'instance':
      case 'layer':
      case 'function':
      case 'class':
      case 'object':
        return true;
      default:
        return undefined;
    }
  }

  private comprehension(node: ExpressionOf<'comprehension'>, scope: Scope): Value {
    const inner: Scope = { names: new Map(), parent: scope, file: scope.file, kind: 'function' };
    const items: Value[] = [];
    const slots = new Map<string, Value>();
    let exact = true;
    const walk = (index: number): void => {
      const clause = node.clauses[index];
      if (!clause) {
        const key = node.key && this.evaluate(node.key, inner);
        const item = this.settle(this.evaluate(node.element, inner));
        items.push(item);
        if (key?.kind === 'constant') slots.set(String(key.value), item);
        else if (key) exact = false;
        return;
      }
      const iterated = this.iterate(this.settle(this.evaluate(clause.iterable, inner)));
      exact &&= iterated.exact;
      for (const item of iterated.values) {
        if (this.fuel < 0) break;
        this.assignTo(clause.target, item, inner, undefined, true);
        const truths = clause.conditions.map((condition) => this.truth(this.evaluate(condition, inner)));
        if (truths.includes(false)) continue;
        if (truths.includes(undefined)) exact = false;
        walk(index + 1);
      }
    };
    walk(0);
    const site = this.site(node, scope.file);
    if (!node.key) return { ...list(items, exact), site };
    const sites = new Map([...slots.keys()].map((key) => [key, node.element]));
    return { kind: 'dict', slots, sites, exact, site };
  }

  // ---------------------------------------------------------------- library objects

  layer(path: string, call: Call): Layer {
    const madeIn = this.modules.at(-1);
    const layer: Layer = {
      kind: 'layer',
      id: this.id(),
      path,
      type: path.slice(path.lastIndexOf('.') + 1),
      call,
      site: call.site,
      ...(madeIn ? { madeIn } : {}),
      slots: new Map(),
    };
    this.trace.layers.push(layer);
    return layer;
  }

  container(type: Container['type'], path: string, call: Call, items: readonly Value[], exact: boolean): Container {
    const container: Container = {
      kind: 'container',
      id: this.id(),
      type,
      path,
      call,
      site: call.site,
      slots: new Map([['items', items]]),
      names: new Map(),
      exact,
    };
    this.trace.containers.push(container);
    return container;
  }

  object(type: string, path: string, call: Call): LibraryObject {
    const object: LibraryObject = {
      kind: 'object',
      id: this.id(),
      type,
      path,
      call,
      site: call.site,
      slots: new Map(),
    };
    if (this.importing === 0) this.trace.objects.push(object);
    return object;
  }
}

/** Functions that only look at what they are given: a call tells nothing about the training. */
const harmless =
  /^(print|log\w*|info|debug|warn\w*|error|write\w*|append|extend|add_\w+|update|save\w*|dump\w*|item|len|str|repr|format|tqdm|trange|summary|state_dict|watch|plot\w*|display|record\w*|push|eval\w*|test\w*|valid\w*|sum|float|int|numpy|tolist|accuracy|set_\w+|count\w*|get_\w+|load\w*|isinstance|assert\w*)$/i;

const clearsGradients = /(zero|clear|reset)_?grad/i;

const assigned = new WeakMap<Block, ReadonlySet<string>>();

/** The names that statements in a block give values to. */
const assignedIn = (block: Block): ReadonlySet<string> => {
  const known = assigned.get(block);
  if (known) return known;
  const names = new Set<string>();
  for (const statement of allStatements(block))
    if (statement.kind === 'assign') for (const target of statement.targets) collectNames(target, names);
  assigned.set(block, names);
  return names;
};

const collectNames = (target: Expression, into: Set<string>): void => {
  if (target.kind === 'name') into.add(target.name);
  else if (target.kind === 'list') for (const item of target.items) collectNames(item, into);
};

const operators: Readonly<Record<string, string>> = { '+': 'add', '-': 'sub', '*': 'mul', '/': 'div' };

const isLiteral = (node: Expression): boolean =>
  ['number', 'string', 'boolean', 'null'].includes(node.kind) || (node.kind === 'unary' && isLiteral(node.operand));

const afterLoop = (completion: Completion): Completion =>
  completion === 'break' || completion === 'continue' ? 'next' : completion;

/** `if __name__ == "__main__":`: read as a program. */
const isMainGuard = (test: Expression): boolean =>
  test.kind === 'binary' &&
  test.operator === '==' &&
  [test.left, test.right].some((side) => side.kind === 'name' && side.name === '__name__');
