/** What Python and JavaScript themselves bring: ranges, lists, dictionaries, strings, numbers, command line options. */
import type { Interpreter } from './interpreter';
import {
  argument,
  constant,
  external,
  itemsOf,
  list,
  mostItems,
  none,
  type Call,
  type Constant,
  type LibraryObject,
  type Value,
} from './values';

export const pythonBuiltins: ReadonlySet<string> = new Set(
  `abs all any bool bytes callable classmethod dict dir divmod enumerate filter float format frozenset getattr globals
   hasattr hash help id input int isinstance issubclass iter len list locals map max min next object open ord pow print
   property range repr reversed round set setattr slice sorted staticmethod str sum super tuple type vars zip
   Exception ValueError RuntimeError KeyError TypeError NotImplementedError AssertionError __name__ __file__`.split(
    /\s+/,
  ),
);

const pure: Readonly<Record<string, (...numbers: number[]) => number>> = {
  sqrt: Math.sqrt,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  exp: Math.exp,
  floor: Math.floor,
  ceil: Math.ceil,
  pow: Math.pow,
  abs: Math.abs,
  max: Math.max,
  min: Math.min,
  round: Math.round,
  int: Math.trunc,
  float: (x) => x,
  trunc: Math.trunc,
};

const constants = (call: Call): Constant[] | undefined => {
  const values = call.positional.map(({ value }) => value);
  return values.every((value) => value.kind === 'constant') ? values : undefined;
};

/** Calls a function of the language. */
export const builtins = (machine: Interpreter, path: string, call: Call): Value | undefined => {
  const first = call.positional[0]?.value;
  const name = /^(?:builtins|math|Math|np|numpy)\.(\w+)$/.exec(path)?.[1];
  const compute = name === undefined ? undefined : pure[name];
  if (compute) {
    const values = constants(call);
    if (values && values.length > 0 && values.every(({ value }) => typeof value === 'number'))
      return constant(
        compute(...values.map(({ value }) => Number(value))),
        values.some(({ soft }) => soft),
      );
  }
  switch (path) {
    case 'builtins.range': {
      const numbers = constants(call)?.map(({ value }) => value);
      if (!numbers?.every((value) => typeof value === 'number')) return undefined;
      const [first, second, step = 1] = numbers;
      if (first === undefined || step === 0) return undefined;
      return second === undefined
        ? { kind: 'range', start: 0, stop: first, step: 1 }
        : { kind: 'range', start: first, stop: second, step };
    }
    case 'builtins.len': {
      if (first?.kind === 'list' && first.exact) return constant(itemsOf(first).length);
      if (first?.kind === 'container' && first.exact) return constant(itemsOf(first).length);
      return undefined;
    }
    case 'builtins.enumerate': {
      if (!first) return undefined;
      const { values, exact } = machine.iterate(first);
      const index = (at: number): Value => (exact ? constant(at) : machine.unknown('index'));
      const pairs = list(
        values.map((value, at) => list([index(at), value], true, 'tuple')),
        exact,
      );
      return { ...pairs, of: first };
    }
    case 'builtins.zip': {
      const parts = call.positional.map(({ value }) => machine.iterate(value));
      const length = Math.min(...parts.map(({ values }) => values.length));
      if (!Number.isFinite(length)) return undefined;
      const items = Array.from({ length }, (_, at) =>
        list(
          parts.map(({ values }) => values[at]!),
          true,
          'tuple',
        ),
      );
      return list(
        items,
        parts.every(({ exact }) => exact),
      );
    }
    case 'builtins.reversed': {
      if (!first) return undefined;
      const { values, exact } = machine.iterate(first);
      return list([...values].reverse(), exact);
    }
    case 'builtins.list':
    case 'builtins.tuple':
    case 'builtins.iter':
    case 'tqdm.tqdm':
    case 'tqdm.auto.tqdm':
    case 'tqdm.notebook.tqdm': {
      if (!first) return list([]);
      if (path.startsWith('tqdm') || path.endsWith('.iter') || first.kind === 'parameters-of') return first;
      const { values, exact } = machine.iterate(first);
      return list(values, exact, path.endsWith('tuple') ? 'tuple' : 'list');
    }
    case 'builtins.dict':
    case 'collections.OrderedDict': {
      if (first?.kind === 'dict') return first;
      const pairs = first?.kind === 'list' ? itemsOf(first) : [];
      const slots = new Map<string, Value>();
      let exact = !first || (first.kind === 'list' && first.exact);
      for (const pair of pairs) {
        const [key, value] = pair.kind === 'list' ? itemsOf(pair) : [];
        if (key?.kind === 'constant' && value) slots.set(String(key.value), value);
        else exact = false;
      }
      for (const [key, each] of call.keywords) slots.set(key, each.value);
      return { kind: 'dict', slots, sites: new Map([...call.keywords].map(([key, each]) => [key, each.node])), exact };
    }
    case 'builtins.isinstance': {
      const type = call.positional[1]?.value;
      const truth = first && type ? isInstance(machine, first, type) : undefined;
      return truth === undefined ? undefined : constant(truth);
    }
    case 'builtins.hasattr': {
      const name = call.positional[1]?.value;
      if (first?.kind !== 'instance' || name?.kind !== 'constant') return undefined;
      const found = first.slots.has(String(name.value)) || machine.findMember(first.class, String(name.value));
      return found ? constant(true) : undefined;
    }
    case 'builtins.getattr': {
      const name = call.positional[1]?.value;
      if (!first || name?.kind !== 'constant') return undefined;
      return machine.settle(machine.attribute(first, String(name.value), call.site));
    }
    case 'builtins.setattr': {
      const [, name, value] = call.positional;
      if (first && value && name?.value.kind === 'constant')
        machine.setAttribute(first, String(name.value.value), value.value, call.site, value.node);
      return none;
    }
    case 'builtins.type':
      if (first?.kind === 'layer') return external(first.path);
      if (first?.kind === 'instance') return first.class;
      return undefined;
    case 'builtins.filter':
    case 'builtins.map':
    case 'builtins.next': {
      const subject = call.positional.at(path.endsWith('next') ? 0 : 1)?.value;
      if (subject?.kind === 'parameters-of') return subject;
      if (path.endsWith('next') && subject) return machine.iterate(subject).values[0];
      return undefined;
    }
    case 'builtins.sum': {
      if (!first) return undefined;
      const { values } = machine.iterate(first);
      const tensors = values.filter((value) => value.kind === 'tensor');
      return tensors.length > 0 ? machine.op('merge', 'add', tensors, call.site) : undefined;
    }
    case 'builtins.pass':
    case 'builtins.print':
    case 'console.log':
      return none;
    case 'itertools.chain': {
      const owners = call.positional.flatMap(({ value }) => (value.kind === 'parameters-of' ? value.owners : [value]));
      return { kind: 'parameters-of', owners };
    }
    case 'copy.deepcopy':
    case 'copy.copy':
      return first;
    case 'functools.partial':
      return first?.kind === 'external' || first?.kind === 'class' || first?.kind === 'function'
        ? partial(machine, first, call)
        : undefined;
    case 'argparse.ArgumentParser':
      return machine.object('arguments', path, call);
    case 'Array.from':
      return arrayFrom(machine, call);
    default:
      return undefined;
  }
};

/** A function with some arguments given: called through an object that remembers them. */
const partial = (machine: Interpreter, callee: Value, call: Call): Value => {
  const object = machine.object('partial', 'functools.partial', call);
  object.slots.set('callee', callee);
  return object;
};

const arrayFrom = (machine: Interpreter, call: Call): Value | undefined => {
  const [first, second] = call.positional.map(({ value }) => value);
  const length = first?.kind === 'dict' ? first.slots.get('length') : undefined;
  if (length?.kind !== 'constant' || typeof length.value !== 'number' || length.value > 400) return undefined;
  const items = Array.from({ length: length.value }, (_, index): Value => {
    if (!second) return none;
    return machine.callValue(second, machine.assumedCall(call.site, [none, constant(index)]));
  });
  return list(items);
};

const isInstance = (machine: Interpreter, value: Value, type: Value): boolean | undefined => {
  if (type.kind === 'list') {
    const answers = itemsOf(type).map((each) => isInstance(machine, value, each));
    if (answers.includes(true)) return true;
    return answers.includes(undefined) ? undefined : false;
  }
  if (type.kind === 'external') {
    const { path } = type;
    if (path === 'torch.nn.Module' && ['layer', 'container', 'instance'].includes(value.kind))
      return value.kind !== 'instance' || value.base !== '' ? true : undefined;
    if (value.kind === 'layer')
      return /\._?[A-Z]\w*$/.test(path) && !path.includes('._') ? value.path === path : undefined;
    if (value.kind === 'container') return path.startsWith('torch.nn.') ? path.endsWith(`.${value.type}`) : undefined;
    if (value.kind === 'instance')
      return path.startsWith('torch.nn.') && value.base === 'torch.nn.Module' ? false : undefined;
    if (value.kind === 'tensor')
      return path === 'torch.Tensor' ? true : path.startsWith('builtins.') ? false : undefined;
    if (value.kind === 'list' && value.exact) return path === `builtins.${value.form}` ? true : undefined;
    if (value.kind === 'constant') {
      const types = { number: ['int', 'float'], string: ['str'], boolean: ['bool', 'int'], object: [] };
      const names = types[typeof value.value as keyof typeof types] as string[] | undefined;
      if (!path.startsWith('builtins.')) return false;
      if (typeof value.value === 'number') {
        const whole = Number.isInteger(value.value);
        if (path === 'builtins.int') return whole;
        if (path === 'builtins.float') return whole ? undefined : true;
      }
      return names?.includes(path.slice('builtins.'.length)) ?? false;
    }
    return undefined;
  }
  if (type.kind === 'class') {
    if (value.kind === 'instance') {
      const derives = (each: Value): boolean => each === type || (each.kind === 'class' && each.bases.some(derives));
      return derives(value.class);
    }
    return value.kind === 'layer' || value.kind === 'container' ? false : undefined;
  }
  return undefined;
};

/** Calls a method of a list, dictionary, string, or of the command line's parser. */
export const builtinMethod = (machine: Interpreter, receiver: Value, name: string, call: Call): Value | undefined => {
  const first = call.positional[0]?.value;
  if (receiver.kind === 'list') {
    const items = itemsOf(receiver);
    const set = (next: readonly Value[]): void => {
      machine.heap.write(receiver.slots, 'items', next.slice(0, mostItems));
      if (next.length > mostItems) receiver.exact = false;
    };
    switch (name) {
      case 'append':
      case 'push':
      case 'add':
        set([...items, ...call.positional.map(({ value }) => value)]);
        return none;
      case 'extend': {
        const more = first ? machine.iterate(first) : { values: [], exact: false };
        set([...items, ...more.values]);
        receiver.exact &&= more.exact;
        return none;
      }
      case 'concat': {
        const more = first ? machine.iterate(first) : { values: [], exact: false };
        return list([...items, ...more.values], receiver.exact && more.exact);
      }
      case 'insert':
        if (first?.kind === 'constant' && first.value === 0 && call.positional[1])
          set([call.positional[1].value, ...items]);
        else receiver.exact = false;
        return none;
      case 'pop':
        if (call.positional.length > 0) receiver.exact = false;
        else set(items.slice(0, -1));
        return items.at(-1);
      case 'copy':
        return list(items, receiver.exact);
      case 'forEach':
      case 'map': {
        if (!first) return undefined;
        const results = items.map((item, index) =>
          machine.callValue(first, machine.assumedCall(call.site, [item, constant(index)])),
        );
        return name === 'map' ? list(results, receiver.exact) : none;
      }
      case 'reduce': {
        const [reducer, start] = call.positional;
        if (!reducer || !start) return undefined;
        return items.reduce<Value>(
          (sum, item) => machine.callValue(reducer.value, machine.assumedCall(call.site, [sum, item])),
          start.value,
        );
      }
      default:
        return undefined;
    }
  }
  if (receiver.kind === 'dict') {
    switch (name) {
      case 'items':
        return list(
          [...receiver.slots].map(([key, value]) => list([constant(key), value], true, 'tuple')),
          receiver.exact,
        );
      case 'values':
        return list([...receiver.slots.values()], receiver.exact);
      case 'keys':
        return list(
          [...receiver.slots.keys()].map((key) => constant(key)),
          receiver.exact,
        );
      case 'get': {
        const key = first?.kind === 'constant' ? String(first.value) : undefined;
        if (key === undefined) return undefined;
        return receiver.slots.get(key) ?? (receiver.exact ? (call.positional[1]?.value ?? none) : undefined);
      }
      default:
        return undefined;
    }
  }
  if (receiver.kind === 'constant' && typeof receiver.value === 'string') return ofString(receiver.value, name, first);
  if (receiver.kind === 'object' && receiver.type === 'arguments') return ofParser(machine, receiver, name, call);
  return undefined;
};

const ofString = (text: string, name: string, first: Value | undefined): Value | undefined => {
  const other = first?.kind === 'constant' && typeof first.value === 'string' ? first.value : undefined;
  switch (name) {
    case 'find':
      return other === undefined ? undefined : constant(text.indexOf(other));
    case 'startswith':
    case 'startsWith':
      return other === undefined ? undefined : constant(text.startsWith(other));
    case 'endswith':
    case 'endsWith':
      return other === undefined ? undefined : constant(text.endsWith(other));
    case 'includes':
      return other === undefined ? undefined : constant(text.includes(other));
    case 'lower':
    case 'toLowerCase':
      return constant(text.toLowerCase());
    case 'upper':
    case 'toUpperCase':
      return constant(text.toUpperCase());
    default:
      return undefined;
  }
};

/** `argparse`: every option has its default, which holds until someone sets it. */
const ofParser = (machine: Interpreter, parser: LibraryObject, name: string, call: Call): Value | undefined => {
  if (name === 'add_argument') {
    const flags = call.positional.map(({ value }) => (value.kind === 'constant' ? String(value.value) : ''));
    const dest = argument(call, 'dest', -1)?.value;
    const long = flags.find((flag) => flag.startsWith('--')) ?? flags[0] ?? '';
    const key = dest?.kind === 'constant' ? String(dest.value) : long.replace(/^-+/, '').replaceAll('-', '_');
    const given = argument(call, 'default', -1)?.value;
    const action = argument(call, 'action', -1)?.value;
    const flag = action?.kind === 'constant' && action.value === 'store_true';
    const value = given ?? (flag ? constant(false) : none);
    machine.heap.write(
      parser.slots,
      `option ${key}`,
      value.kind === 'constant' ? { ...value, soft: true } : machine.unknown(key),
    );
    return none;
  }
  if (name === 'add_argument_group' || name === 'add_mutually_exclusive_group') return parser;
  if (name === 'parse_args' || name === 'parse_known_args') {
    const options = machine.unknown('args');
    for (const [key, value] of parser.slots)
      if (key.startsWith('option ')) options.members.set(key.slice('option '.length), value);
    return name === 'parse_args' ? options : list([options, machine.unknown('rest')], true, 'tuple');
  }
  return undefined;
};
