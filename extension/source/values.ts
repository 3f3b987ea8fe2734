/**
 * What an expression can be known to be, without running it. Where nothing is known the value is `unknown`, and what
 * follows from it is unknown too.
 */
import type { ParsedSource } from './parse';
import type { ClassNode, Expression, ExpressionOf, FunctionNode } from './syntax';
import type { Span } from './text';

/** A place in a file. */
export interface Site extends Span {
  readonly file: ParsedSource;
}

/** The names of a module, class body or function. */
export interface Scope {
  readonly names: Slots<Value>;
  readonly parent?: Scope;
  readonly file: ParsedSource;
  readonly kind: 'module' | 'class' | 'function';
}

/** Storage that branches of the program can write differently. */
export type Slots<T> = Map<string, T>;

export type Constant = {
  kind: 'constant';
  value: number | string | boolean | null;
  /** Only a default, which whoever starts the program can set: conditions on it go either way. */
  soft?: boolean;
};

export interface ListValue {
  kind: 'list';
  /** The items, under the one key `items`. */
  readonly slots: Slots<readonly Value[]>;
  form: 'list' | 'tuple' | 'set';
  /** Whether these are all items; otherwise each stands for any number of such items. */
  exact: boolean;
  site?: Site;
  /** What is enumerated, of `enumerate(loader)`. */
  of?: Value;
}

export interface DictValue {
  kind: 'dict';
  readonly slots: Slots<Value>;
  /** Where each entry's value is written. */
  readonly sites: Map<string, Expression>;
  exact: boolean;
  site?: Site;
}

export interface RangeValue {
  kind: 'range';
  start: number;
  stop: number;
  step: number;
}

/** Something of a library, by its full name: `torch.nn.Linear`. */
export interface External {
  kind: 'external';
  path: string;
}

/** A name that another file may define; which file, and what it is there, is found out when the name is looked up. */
export interface Imported {
  kind: 'imported';
  module: string;
  name: string;
  /** The file that imports it. */
  from: string;
}

export interface FunctionValue {
  kind: 'function';
  node: FunctionNode;
  scope: Scope;
  /** The object that it is a method of. */
  self?: Instance;
  /** The class that it is written in, for `super()`. */
  owner?: ClassValue;
}

export interface ClassValue {
  kind: 'class';
  node: ClassNode;
  scope: Scope;
  bases: Value[];
  members: Slots<Value>;
}

/** An object of a class that the program defines. */
export interface Instance {
  kind: 'instance';
  id: number;
  class: ClassValue;
  slots: Slots<Value>;
  call: Call;
  site: Site;
  /** The library's class that it derives from, `torch.nn.Module`; `undefined` where some base is not known. */
  base: string | undefined;
  /** Made by the analysis, not by a statement of the program. */
  assumed: boolean;
}

/** A layer that comes with the library. */
export interface Layer {
  kind: 'layer';
  id: number;
  /** Full name, `torch.nn.Conv2d` or `tf.layers.dense`. */
  path: string;
  /** The last part of the name. */
  type: string;
  call: Call;
  site: Site;
  /** Inside the forward of which module it was made; layers are made when a network is built. */
  madeIn?: Instance;
  slots: Slots<Value>;
}

/** `nn.Sequential`, `nn.ModuleList`, `nn.ModuleDict`, `tf.sequential`. */
export interface Container {
  kind: 'container';
  id: number;
  type: 'Sequential' | 'ModuleList' | 'ModuleDict';
  path: string;
  call: Call;
  site: Site;
  slots: Slots<readonly Value[]>;
  names: Map<Value, string>;
  exact: boolean;
}

/** A trainable tensor of a layer, or `nn.Parameter`. */
export interface ParameterValue {
  kind: 'parameter';
  layer?: Layer;
  /** `weight`, `bias`, `weight_hh_l0`; of a whole module's parameters: unknown. */
  name: string;
  dimensions?: number;
}

/** `model.parameters()` and what is made of it. */
export interface ParametersOf {
  kind: 'parameters-of';
  owners: Value[];
}

/** An object of the library that is neither layer nor tensor: optimizer, scheduler, gradient scaler, trainer… */
export interface LibraryObject {
  kind: 'object';
  id: number;
  type: string;
  path: string;
  call: Call;
  site: Site;
  slots: Slots<Value>;
}

export interface Tensor {
  kind: 'tensor';
  op: Op;
}

export interface Bound {
  kind: 'bound';
  receiver: Value;
  name: string;
}

export interface Choice {
  kind: 'choice';
  options: Value[];
}

export interface Unknown {
  kind: 'unknown';
  id: number;
  /** How the program calls it: `args.lr`, `self.optimizer`. */
  name: string;
  /** `data` comes out of a loader: it carries no gradient. */
  origin: 'parameter' | 'data' | 'call' | 'other';
  /** The same attribute of the same unknown object is the same value. */
  members: Map<string, Value>;
  /** Methods called on it, which tell what it is. */
  uses: Set<string>;
}

/** Nothing: the other side of an item that only one branch added. */
export interface Absent {
  kind: 'absent';
}

export type Value =
  | Constant
  | ListValue
  | DictValue
  | RangeValue
  | External
  | Imported
  | FunctionValue
  | ClassValue
  | Instance
  | Layer
  | Container
  | ParameterValue
  | ParametersOf
  | LibraryObject
  | Tensor
  | Bound
  | Choice
  | Unknown
  | Absent;

export type ValueOf<K extends Value['kind']> = Extract<Value, { kind: K }>;

export interface ArgumentValue {
  value: Value;
  node: Expression;
}

/** A call with its arguments' values. */
export interface Call {
  node: ExpressionOf<'call'>;
  site: Site;
  positional: ArgumentValue[];
  keywords: Map<string, ArgumentValue>;
  /** Arguments may be missing here: an unknown list or dictionary was spread into the call. */
  open: boolean;
}

export const categories = [
  'input',
  'data',
  'constant',
  'parameter',
  'weights',
  'recurrent',
  'attention',
  'embedding',
  'activation',
  'softmax',
  'normalization',
  'pass',
  'scale',
  'merge',
  'matmul',
  'loss',
  'detach',
  'choice',
  'unknown',
] as const;
export type Category = (typeof categories)[number];

/** One computation on tensors, as the program would do it. */
export interface Op {
  id: number;
  category: Category;
  /** `Linear`, `relu`, `add`. */
  name: string;
  inputs: readonly Op[];
  /** What computes it, where that is an object. */
  layer?: Layer;
  call?: Call;
  /** The call that computes it. */
  site: Site;
  /** The modules whose forward is running, the outermost first. */
  modules: readonly Instance[];
  /** Whether a gradient flows through it to a parameter. */
  gradient: 'yes' | 'no' | 'unknown';
  /** Why none does. */
  cut?: 'detach' | 'no_grad' | 'number';
}

export const constant = (value: Constant['value'], soft = false): Constant =>
  soft ? { kind: 'constant', value, soft } : { kind: 'constant', value };

export const none = constant(null);
export const absent: Absent = { kind: 'absent' };

/** What is longer is data, not layers; and a list that doubles in a loop would fill the memory. */
export const mostItems = 4096;

export const list = (items: readonly Value[], exact = true, form: ListValue['form'] = 'list'): ListValue => ({
  kind: 'list',
  slots: new Map([['items', items.length > mostItems ? items.slice(0, mostItems) : items]]),
  form,
  exact: exact && items.length <= mostItems,
});

export const itemsOf = (value: ListValue | Container): readonly Value[] => value.slots.get('items') ?? [];

export const external = (path: string): External => ({ kind: 'external', path });

export const argument = (call: Call, name: string, index: number): ArgumentValue | undefined =>
  call.keywords.get(name) ?? (index >= 0 ? call.positional[index] : undefined);

/** The value of an argument that is a known number, string, boolean or none. */
export const constantArgument = (call: Call, name: string, index: number): Constant['value'] | undefined => {
  const value = argument(call, name, index)?.value;
  return value?.kind === 'constant' ? value.value : undefined;
};

export const numberArgument = (call: Call, name: string, index: number): number | undefined => {
  const value = constantArgument(call, name, index);
  return typeof value === 'number' ? value : undefined;
};

/** Whether an argument is surely not given. */
export const lacks = (call: Call, name: string, index: number): boolean =>
  !call.open && argument(call, name, index) === undefined;

/** An entry of a configuration object, which is how TensorFlow.js takes arguments: `dense({ units: 10 })`. */
export const configEntry = (call: Call, name: string): ArgumentValue | undefined => {
  const config = call.positional[0]?.value;
  if (config?.kind !== 'dict') return undefined;
  const value = config.slots.get(name);
  const node = config.sites.get(name);
  return value && node ? { value, node } : undefined;
};

export const configConstant = (call: Call, name: string): Constant['value'] | undefined => {
  const value = configEntry(call, name)?.value;
  return value?.kind === 'constant' ? value.value : undefined;
};

/** Whether a configuration object surely lacks an entry. */
export const configLacks = (call: Call, name: string): boolean => {
  const config = call.positional[0]?.value;
  if (!config) return !call.open;
  return config.kind === 'dict' && config.exact && !config.slots.has(name);
};

export const isNone = (value: Value): boolean => value.kind === 'constant' && value.value === null;

/** As messages name it; empty where it has no name. */
export const nameOf = (value: Value): string => {
  switch (value.kind) {
    case 'unknown':
      return value.name;
    case 'external':
      return value.path;
    case 'function':
      return value.node.name;
    case 'class':
      return value.node.name;
    case 'instance':
      return value.class.node.name;
    case 'layer':
      return value.type;
    case 'bound':
      return `${nameOf(value.receiver)}.${value.name}`;
    default:
      return '';
  }
};
