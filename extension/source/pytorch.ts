/** What PyTorch, Lightning, Accelerate and Hugging Face's trainer mean, for following a program without running it. */
import type { Interpreter, Library } from './interpreter';
import { canonical, functionCategories, layerCategories, optimizerNames, parametersOf } from './pytorch-names';
import {
  argument,
  constant,
  constantArgument,
  itemsOf,
  list,
  nameOf,
  none,
  type Call,
  type Container,
  type Instance,
  type Layer,
  type ParameterValue,
  type Site,
  type Value,
} from './values';

/** Classes whose objects are modules: they have parameters, and calling them runs `forward`. */
export const isModuleBase = (path: string | undefined): boolean =>
  path !== undefined &&
  (path.startsWith('torch.nn.') || /(^|\.)(LightningModule|PreTrainedModel)$/.test(path) || path === 'torch.nn.Module');

export const isLightning = (path: string | undefined): boolean => path?.endsWith('.LightningModule') ?? false;

const isNormalization = (path: string): boolean => {
  const name = canonical(path);
  return name.startsWith('torch.nn.') && layerCategories.get(name.slice('torch.nn.'.length)) === 'normalization';
};

const isModule = (value: Value): boolean =>
  value.kind === 'layer' || value.kind === 'container' || (value.kind === 'instance' && isModuleBase(value.base));

/** Where the loop carries on with what it was given: `model.to(device)`, `nn.DataParallel(model)`. */
const returnsItself = new Set(
  `to cuda cpu half float double bfloat16 train eval requires_grad_ type share_memory compile xpu to_empty`.split(' '),
);
const wrappers =
  /^(torch\.(compile|jit\.(script|trace)|nn\.(DataParallel|parallel\.(DataParallel|DistributedDataParallel|distributed\.DistributedDataParallel))|nn\.utils\.(parametrizations\.)?(weight_norm|spectral_norm|orthogonal)|nn\.SyncBatchNorm\.convert_sync_batchnorm|autograd\.Variable))$/;

/** The libraries of which `call` knows functions. */
const isLibrary = /^(torch|torch_geometric|transformers|accelerate|lightning)\./;

const optimizerLike = /optim|(^|[._])opt(im)?_?([dg]|\d+)?$|(^|[._])[dg]_?opt/i;
const schedulerLike = /sched/i;
const scalerLike = /scaler/i;

export const pyTorch: Library = {
  module(name) {
    return /^(torch|torchvision|pytorch_lightning|lightning|transformers|accelerate|math|argparse|copy|collections|functools|itertools|tqdm|numpy|os|sys|random|time|json|typing|dataclasses|pathlib|re|logging)(\.|$)/.test(
      name,
    )
      ? name
      : undefined;
  },

  global() {
    return undefined;
  },

  attribute(path, name) {
    if (path === 'math' && name === 'pi') return constant(Math.PI);
    return undefined;
  },

  annotated(machine, annotation, name, site) {
    if (annotation.kind !== 'external') return undefined;
    const path = canonical(annotation.path);
    const call = machine.assumedCall(site);
    call.open = true;
    if (/^torch\.optim\.[A-Z]\w*$/.test(path)) return machine.object('optimizer', path, call);
    if (/lr_scheduler\.\w+$/.test(path)) return machine.object('scheduler', path, call);
    if (path === 'torch.amp.GradScaler') return machine.object('scaler', path, call);
    return undefined;
  },

  call(machine, written, call) {
    const path = canonical(written);
    if (!isLibrary.test(path)) return undefined;
    const name = path.slice(path.lastIndexOf('.') + 1);
    const first = call.positional[0]?.value;
    const { site } = call;
    if (path === 'torch.autograd.Variable' && constantArgument(call, 'requires_grad', 1) === true)
      return machine.op('parameter', 'Variable', [], site, { call });
    if (wrappers.test(path)) {
      if (first && /weight_norm|spectral_norm|orthogonal/.test(path) && first.kind === 'layer')
        machine.heap.write(first.slots, 'reparametrized', constant(name));
      return first ?? call.keywords.get('module')?.value ?? call.keywords.get('model')?.value;
    }
    if (path.startsWith('torch.nn.init.')) return initialize(machine, first, name, call);
    if (
      /^torch\.nn\.utils\.clip_grad_(norm|value)_?$/.test(path) ||
      /^torch\.nn\.utils\.clip_grads?_with_norm_$/.test(path)
    ) {
      machine.record({ kind: 'clip', site, call, ...(first ? { target: first } : {}) });
      return machine.unknown('norm');
    }
    if (path.startsWith('torch.nn.') && !path.startsWith('torch.nn.functional.')) {
      const made = makeModule(machine, path, name, call);
      if (made) return made;
    }
    if (/^torch\.optim\.lr_scheduler\.\w+$/.test(path) || /^transformers\.get_\w*schedule\w*$/.test(path))
      return machine.object('scheduler', path, call);
    if (/^torch\.optim\.\w+$/.test(path) && (optimizerNames.includes(name) || /^[A-Z]/.test(name)))
      return machine.object('optimizer', path, call);
    if (path === 'torch.amp.GradScaler') return machine.object('scaler', path, call);
    if (/^(torch\.utils\.data\.DataLoader|torch_geometric\.loader\.\w+)$/.test(path))
      return machine.object('loader', path, call);
    if (/^torch\.(no_grad|inference_mode|enable_grad|set_grad_enabled|autograd\.set_grad_enabled)$/.test(path))
      return machine.object('gradient-mode', path, call);
    if (path === 'torch.utils.checkpoint.checkpoint' || path === 'torch.utils.checkpoint.checkpoint_sequential') {
      if (first)
        return machine.callValue(first, { ...call, positional: call.positional.slice(1), keywords: new Map() });
    }
    if (path === 'lightning.Trainer' || /^transformers\.(Seq2Seq)?TrainingArguments$/.test(path)) {
      const trainer = machine.object('trainer', path, call);
      machine.record({ kind: 'trainer', site, call, target: trainer });
      return trainer;
    }
    if (path === 'accelerate.Accelerator' || path === 'lightning.fabric.Fabric' || path === 'lightning.Fabric')
      return machine.object('accelerator', path, call);
    if (/^torch\.(from_numpy|as_tensor|tensor)$/.test(path) || functionCategories.get(name) === 'constant') {
      if (!path.startsWith('torch.')) return undefined;
      if (constantArgument(call, 'requires_grad', -1) === true)
        return machine.op('parameter', name, [], site, { call });
      const origin = machine.op('constant', name, [], site, { call });
      return origin;
    }
    if (/^torch\.(nn\.functional\.)?[a-z]\w*$/.test(path)) return tensorFunction(machine, name, call);
    return undefined;
  },

  member(machine, receiver, name, site) {
    if (receiver.kind === 'tensor') {
      if (name === 'data') return machine.op('detach', 'data', [receiver], site, { gradient: 'no', cut: 'detach' });
      if (name === 'grad') {
        machine.record({ kind: 'gradient-access', site, target: receiver });
        return machine.unknown('grad');
      }
      if (name === 'T' || name === 'mT' || name === 'H') return machine.op('pass', name, [receiver], site);
      // Fields of what a model returns: `output.loss`, `output.logits`.
      if (
        (receiver.op.category === 'unknown' || receiver.op.category === 'input') &&
        /^(loss|logits|last_hidden_state|sample)$/.test(name)
      )
        return machine.op('unknown', name, [receiver], site);
      if (name === 'shape' || name === 'device' || name === 'dtype' || name === 'ndim') return machine.unknown(name);
      return undefined;
    }
    if (receiver.kind === 'parameter') {
      if (name === 'data') return receiver;
      if (name === 'grad') {
        machine.record({ kind: 'gradient-access', site, target: receiver });
        return { kind: 'parameter', name: 'grad' };
      }
      return undefined;
    }
    if (receiver.kind === 'layer') {
      const own = receiver.slots.get(name);
      if (own) return own;
      const parameter = parametersOf(receiver.type).find(([each]) => each === name.replace(/_l\d+(_reverse)?$/, '_l0'));
      if (parameter) return { kind: 'parameter', layer: receiver, name, dimensions: parameter[1] };
      if (name === '__class__') return classOf(machine, receiver.type);
      const given = argument(
        receiver.call,
        name,
        { in_features: 0, out_features: 1, in_channels: 0, out_channels: 1 }[name] ?? -1,
      );
      if (given?.value.kind === 'constant') return given.value;
      return undefined;
    }
    if (receiver.kind === 'container' && name === '__class__') return classOf(machine, receiver.type);
    if (receiver.kind === 'instance') {
      if (name === 'module' || name === '_orig_mod') return receiver;
      if (name === '__class__') return classOf(machine, receiver.class.node.name);
      if (name === 'training') return machine.unknown('training');
      return undefined;
    }
    if (receiver.kind === 'object') return receiver.slots.get(name);
    if (receiver.kind === 'unknown' && name === 'grad') {
      machine.record({ kind: 'gradient-access', site, target: receiver });
      return { kind: 'parameter', name: 'grad' };
    }
    return undefined;
  },

  method(machine, receiver, name, call) {
    const { site } = call;
    const first = call.positional[0]?.value;
    switch (receiver.kind) {
      case 'tensor':
        return tensorMethod(machine, receiver, name, call);
      case 'parameter':
        return parameterMethod(machine, receiver, name, call);
      case 'parameters-of':
        return undefined;
      case 'object':
        return objectMethod(machine, receiver, name, call);
      case 'layer':
      case 'container':
      case 'instance':
        if (isModule(receiver) || (receiver.kind === 'instance' && receiver.base === undefined)) {
          const known = moduleMethod(machine, receiver, name, call);
          if (known) return known;
        }
        break;
      case 'unknown':
        if (name === 'to' || name === 'cuda' || name === 'cpu' || name === 'float' || name === 'long') return receiver;
        break;
      default:
        break;
    }
    switch (name) {
      case 'zero_grad':
        if (receiver.kind === 'unknown') receiver.uses.add(name);
        machine.record({ kind: 'zero-grad', site, call, target: receiver });
        return none;
      case 'backward':
      case 'manual_backward':
        machine.record({
          kind: 'backward',
          site,
          call,
          target: first && name !== 'backward' ? first : receiver,
          argument: first ?? none,
        });
        return none;
      case 'unscale_':
        machine.record({ kind: 'unscale', site, call, target: first ?? none });
        return none;
      case 'clip_grad_norm_':
      case 'clip_grad_value_':
      case 'clip_grad_norm':
      case 'clip_gradients':
      case 'clip_master_grads':
        machine.record({ kind: 'clip', site, call, target: first ?? receiver });
        return machine.unknown('norm');
      case 'parameters':
        return { kind: 'parameters-of', owners: [receiver] };
      case 'step':
        return step(machine, receiver, call);
      case 'scale':
        if (scalerLike.test(nameOf(receiver)) && first) return scaled(machine, first, site);
        return undefined;
      case 'update':
        if (!scalerLike.test(nameOf(receiver))) return undefined;
        machine.record({ kind: 'scaler-update', site, call, target: receiver });
        return none;
      default:
        if (/clip.*grad|grad.*clip/i.test(name)) machine.record({ kind: 'clip', site, call, target: receiver });
        return undefined;
    }
  },

  invoke(machine, callee, call) {
    const first = call.positional[0]?.value ?? [...call.keywords.values()][0]?.value;
    const isKnown = callee.kind === 'layer' || callee.kind === 'container' || callee.kind === 'instance';
    if (isKnown && isModule(callee) && call.node.from < call.node.to)
      machine.trace.calls.push({ module: callee, call, site: call.site });
    if (callee.kind === 'layer') return applyLayer(machine, callee, call);
    if (callee.kind === 'container') {
      if (callee.type !== 'Sequential' || !first) return undefined;
      return applySequence(machine, callee, first, call);
    }
    if (callee.kind === 'instance') {
      if (!isModule(callee) && callee.base !== undefined) {
        const method = machine.findMember(callee.class, '__call__');
        return method?.kind === 'function' ? machine.callFunction({ ...method, self: callee }, call) : undefined;
      }
      return runForward(machine, callee, call);
    }
    return undefined;
  },

  inherited(machine, base, site) {
    // Of layers with weights too much is decided in the constructor that is not followed here.
    if (base.kind !== 'external' || !isNormalization(base.path)) return undefined;
    const call = machine.assumedCall(site);
    call.open = true;
    return machine.layer(canonical(base.path), call);
  },

  enter(machine, context) {
    if (context.kind !== 'object' || context.type !== 'gradient-mode') {
      const path = context.kind === 'external' ? context.path : '';
      if (path !== 'torch.no_grad' && path !== 'torch.inference_mode') return undefined;
    }
    const before = machine.withoutGradient;
    const path = context.kind === 'object' ? context.path : 'torch.no_grad';
    const mode = context.kind === 'object' ? constantArgument(context.call, 'mode', 0) : undefined;
    if (path.endsWith('enable_grad')) machine.withoutGradient = 0;
    else if (path.endsWith('set_grad_enabled')) machine.withoutGradient = mode === false ? before + 1 : 0;
    else machine.withoutGradient = mode === false ? before : before + 1;
    return {
      leave: () => {
        machine.withoutGradient = before;
      },
    };
  },

  finish(machine) {
    const { instances, containers } = machine.trace;
    const modules = [...instances.filter(({ base }) => isModuleBase(base)), ...containers];
    const inner = new Set(modules.flatMap((module) => childrenOf(module).map(([, child]) => child)));
    // Whole networks first; what none of them runs, by itself.
    const whole = modules.filter((module) => !inner.has(module));
    for (const module of [...whole, ...modules.filter((each) => inner.has(each))]) runAlone(machine, module);
    for (const instance of [...machine.trace.instances]) {
      if (!isLightning(instance.base) || instance.class.scope.file !== machine.file) continue;
      machine.runMethod(instance, 'configure_optimizers');
    }
  },
};

/** Runs a network that nothing in the file calls, on inputs of which nothing is known. */
const runAlone = (machine: Interpreter, module: Instance | Container): void => {
  const slots = module.slots as ReadonlyMap<string, unknown>;
  if (slots.has(' ran')) return;
  if (module.kind === 'instance') {
    if (module.class.scope.file === machine.file) runForward(machine, module, undefined);
    return;
  }
  if (module.type !== 'Sequential' || module.site.file !== machine.file) return;
  const hasRun = (item: Value): boolean => 'slots' in item && (item.slots as ReadonlyMap<string, unknown>).has(' ran');
  if (itemsOf(module).some(hasRun)) return;
  const input = machine.op('input', 'input', [], module.site);
  applySequence(machine, module, input, machine.assumedCall(module.site));
};

const classOf = (machine: Interpreter, name: string): Value => {
  const value = machine.unknown('__class__');
  value.members.set('__childName_', constant(name));
  return value;
};

// ------------------------------------------------------------------ modules

const makeModule = (machine: Interpreter, path: string, name: string, call: Call): Value | undefined => {
  const first = call.positional[0]?.value;
  if (name === 'Sequential' || name === 'ModuleList' || name === 'ModuleDict') {
    if (name === 'Sequential' && first?.kind !== 'dict') {
      const items = call.positional.map(({ value }) => value).filter((value) => value.kind !== 'absent');
      return machine.container('Sequential', path, call, items, !call.open);
    }
    if (first?.kind === 'dict') {
      const container = machine.container(name, path, call, [...first.slots.values()], first.exact);
      for (const [key, value] of first.slots) container.names.set(value, key);
      return container;
    }
    if (!first) return machine.container(name, path, call, [], !call.open);
    const { values, exact } = machine.iterate(first);
    return machine.container(name, path, call, values, exact && !call.open);
  }
  if (name === 'Parameter') return { kind: 'parameter', name: 'parameter' };
  if (name === 'Module') return undefined;
  return layerCategories.has(name) ? machine.layer(path, call) : undefined;
};

const applyLayer = (machine: Interpreter, layer: Layer, call: Call): Value => {
  layer.slots.set(' ran', none);
  const category = layerCategories.get(layer.type) ?? 'unknown';
  const inputs = [...call.positional, ...call.keywords.values()].map(({ value }) => value);
  // A recurrent layer's state, an attention's keys and values: the gradient's main way is the first input.
  const used = category === 'recurrent' ? inputs.slice(0, 1) : inputs;
  const result = machine.op(category, layer.type, used, call.site, { layer, call });
  return category === 'recurrent' || category === 'attention' ? result : result;
};

const applySequence = (machine: Interpreter, container: Container, input: Value, call: Call): Value => {
  (container.slots as Map<string, unknown>).set(' ran', none);
  let value = input;
  for (const item of itemsOf(container)) {
    const one: Call = { ...call, positional: [{ value, node: call.node }], keywords: new Map() };
    value = machine.callValue(item, one);
  }
  if (container.exact) return value;
  // Any number of such layers: what a chain is followed through must not be cut short here.
  return machine.op('unknown', 'repeated', [value], call.site);
};

/** A class that calls itself a norm and has no layers with weights: whatever it computes, it evens out the scale. */
const isOwnNorm = (instance: Instance): boolean =>
  /norm/i.test(instance.class.node.name) &&
  modulesOf(instance).every((module) => module.kind !== 'layer' || layerCategories.get(module.type) !== 'weights');

const runForward = (machine: Interpreter, instance: Instance, call: Call | undefined): Value | undefined => {
  const forward = machine.findMember(instance.class, 'forward');
  instance.slots.set(' ran', none);
  const { base } = instance;
  if (forward?.kind !== 'function')
    return call && base !== undefined && isNormalization(base)
      ? machine.op(
          'normalization',
          base.slice(base.lastIndexOf('.') + 1),
          call.positional.slice(0, 1).map(({ value }) => value),
          call.site,
          { call },
        )
      : undefined;
  const before = machine.modules;
  machine.modules = [...before, instance];
  try {
    if (call) {
      const result = machine.callFunction({ ...forward, self: instance }, call);
      return isOwnNorm(instance) ? machine.op('normalization', 'own norm', [result], call.site, { call }) : result;
    }
    const site = machine.site(forward.node, forward.scope.file);
    const names = forward.node.parameters.slice(1).filter((each) => each.kind === 'normal' && !each.default);
    const inputs = names.map((each) => machine.op('input', each.name, [], machine.site(each, forward.scope.file)));
    return machine.runMethod(instance, 'forward', inputs) ?? machine.op('unknown', 'forward', inputs, site);
  } finally {
    machine.modules = before;
  }
};

/** Modules directly inside a module, in the order in which they were assigned, with their names. */
export const childrenOf = (value: Value): [name: string, child: Value][] => {
  if (value.kind === 'container')
    return itemsOf(value).map((item, index) => [value.names.get(item) ?? String(index), item]);
  if (value.kind === 'instance') return [...value.slots].filter(([, child]) => isModule(child));
  return [];
};

/** A module and all modules inside it. */
export const modulesOf = (value: Value, seen = new Set<Value>()): Value[] => {
  if (seen.has(value)) return [];
  seen.add(value);
  return [value, ...childrenOf(value).flatMap(([, child]) => modulesOf(child, seen))];
};

const parametersIn = (value: Value, prefix = ''): [name: string, parameter: ParameterValue][] => {
  const at = (name: string): string => (prefix ? `${prefix}.${name}` : name);
  if (value.kind === 'layer')
    return parametersOf(value.type).map(([name, dimensions]) => [
      at(name),
      { kind: 'parameter', layer: value, name, dimensions },
    ]);
  const own =
    value.kind === 'instance'
      ? [...value.slots].flatMap(([name, slot]): [string, ParameterValue][] =>
          slot.kind === 'parameter' ? [[at(name), slot]] : [],
        )
      : [];
  return [...own, ...childrenOf(value).flatMap(([name, child]) => parametersIn(child, at(name)))];
};

const moduleMethod = (
  machine: Interpreter,
  receiver: Layer | Container | Instance,
  name: string,
  call: Call,
): Value | undefined => {
  const first = call.positional[0]?.value;
  if (name === 'requires_grad_') {
    const value = constantArgument(call, 'requires_grad', 0);
    for (const module of modulesOf(receiver))
      if (module.kind === 'layer' && value !== true) machine.heap.write(module.slots, 'frozen', constant(true));
    return receiver;
  }
  if (returnsItself.has(name)) {
    if (name === 'eval')
      for (const module of modulesOf(receiver))
        if ('slots' in module) (module.slots as Map<string, unknown>).set(' eval', none);
    return receiver;
  }
  switch (name) {
    case 'forward':
      return pyTorch.invoke(machine, receiver, call);
    case 'parameters':
      return { kind: 'parameters-of', owners: [receiver] };
    case 'named_parameters':
      return list(parametersIn(receiver).map(([path, parameter]) => list([constant(path), parameter], true, 'tuple')));
    case 'modules':
      return list(modulesOf(receiver));
    case 'named_modules':
      return list(modulesOf(receiver).map((module) => list([machine.unknown('name'), module], true, 'tuple')));
    case 'items':
    case 'values':
    case 'keys': {
      if (receiver.kind !== 'container' || receiver.type !== 'ModuleDict') return undefined;
      const entries = childrenOf(receiver).map(([path, child]) => [constant(path), child] as const);
      const of = { items: (entry: readonly Value[]) => list(entry, true, 'tuple'), keys: 0, values: 1 }[name];
      return list(
        entries.map((entry) => (typeof of === 'number' ? entry[of]! : of(entry))),
        receiver.exact,
      );
    }
    case 'children':
      return list(childrenOf(receiver).map(([, child]) => child));
    case 'named_children':
      return list(childrenOf(receiver).map(([path, child]) => list([constant(path), child], true, 'tuple')));
    case 'apply':
      if (first && (first.kind === 'function' || first.kind === 'bound'))
        for (const module of modulesOf(receiver).reverse())
          machine.callValue(first, { ...call, positional: [{ value: module, node: call.node }], keywords: new Map() });
      return receiver;
    case 'zero_grad':
      machine.record({ kind: 'zero-grad', site: call.site, call, target: receiver });
      return none;
    case 'append':
      if (receiver.kind !== 'container' || !first) return undefined;
      machine.heap.write(receiver.slots, 'items', [...itemsOf(receiver), first]);
      return receiver;
    case 'extend': {
      if (receiver.kind !== 'container' || !first) return undefined;
      const { values, exact } = machine.iterate(first);
      machine.heap.write(receiver.slots, 'items', [...itemsOf(receiver), ...values]);
      receiver.exact &&= exact;
      return receiver;
    }
    case 'add_module':
    case 'register_module': {
      const child = call.positional[1];
      if (!child) return none;
      const childName = first?.kind === 'constant' ? String(first.value) : `module ${machine.id()}`;
      if (receiver.kind === 'container') {
        machine.heap.write(receiver.slots, 'items', [...itemsOf(receiver), child.value]);
        receiver.names.set(child.value, childName);
      } else machine.setAttribute(receiver, childName, child.value, call.site, child.node);
      return none;
    }
    case 'register_parameter':
    case 'register_buffer': {
      const child = call.positional[1];
      if (first?.kind === 'constant' && child)
        machine.setAttribute(
          receiver,
          String(first.value),
          name === 'register_parameter' ? child.value : machine.op('constant', 'buffer', [], call.site),
          call.site,
          child.node,
        );
      return none;
    }
    case 'state_dict':
    case 'load_state_dict':
    case 'save_hyperparameters':
      if (name === 'load_state_dict')
        for (const module of modulesOf(receiver))
          if ('slots' in module) (module.slots as Map<string, unknown>).set(' loaded', none);
      return machine.unknown(name);
    default:
      return undefined;
  }
};

// ------------------------------------------------------------------ tensors

const tensorFunction = (machine: Interpreter, name: string, call: Call): Value | undefined => {
  const { site } = call;
  const category = functionCategories.get(name);
  if (!category) return undefined;
  const inputs = [...call.positional, ...call.keywords.values()].map(({ value }) => value);
  if (category === 'merge' || category === 'matmul') {
    const [first] = inputs;
    const parts = first?.kind === 'list' ? [...itemsOf(first)] : inputs;
    const tensors = parts.filter((value) => value.kind !== 'constant');
    if (category === 'merge' && tensors.length === 1 && !(first?.kind === 'list' && !first.exact))
      return machine.op('scale', name, tensors, site, { call });
    return machine.op(category, name, tensors, site, { call });
  }
  if (category === 'detach')
    return machine.op('detach', name, inputs.slice(0, 1), site, { call, gradient: 'no', cut: 'detach' });
  if (
    category === 'pass' &&
    name !== 'dropout' &&
    inputs.length > 0 &&
    inputs.every((value) => value.kind === 'constant')
  )
    return undefined;
  if (category === 'weights') {
    const weight = inputs[1];
    const layer = weight?.kind === 'parameter' ? weight.layer : undefined;
    return machine.op('weights', name, inputs.slice(0, 1), site, {
      call,
      ...(layer ? { layer } : {}),
      gradient: 'yes',
    });
  }
  const used = category === 'loss' || category === 'attention' ? inputs : inputs.slice(0, 1);
  return machine.op(category, name, used, site, { call });
};

const tensorMethod = (machine: Interpreter, receiver: Value, name: string, call: Call): Value | undefined => {
  const { site } = call;
  if (receiver.kind !== 'tensor') return undefined;
  const rest = call.positional.map(({ value }) => value);
  if (name === 'backward') {
    const scaledLoss = receiver.op.name === 'scaled';
    machine.record({ kind: 'backward', site, call, target: receiver, ...(scaledLoss ? { scaled: true } : {}) });
    return none;
  }
  if (name === 'item' || name === 'tolist' || name === 'numpy')
    return machine.op('detach', name, [receiver], site, { call, gradient: 'no', cut: 'number' });
  if (name === 'size' || name === 'dim' || name === 'numel' || name === 'ndimension') return machine.unknown(name);
  if (name === 'detach_' || name === 'detach')
    return machine.op('detach', 'detach', [receiver], site, { call, gradient: 'no', cut: 'detach' });
  if (name === 'requires_grad_') return machine.op('parameter', 'leaf', [], site, { call, gradient: 'yes' });
  const category = functionCategories.get(name);
  if (!category) return undefined;
  if (category === 'merge') {
    const others = rest.filter((value) => value.kind !== 'constant');
    return machine.op(others.length > 0 ? 'merge' : 'scale', name, [receiver, ...others], site, { call });
  }
  if (category === 'matmul') return machine.op('matmul', name, [receiver, ...rest], site, { call });
  if (category === 'detach')
    return machine.op('detach', name, [receiver], site, { call, gradient: 'no', cut: 'detach' });
  return machine.op(category, name, [receiver], site, { call });
};

/** `p.data.normal_()`, `p.grad.zero_()`, `p.requires_grad`… */
const parameterMethod = (
  machine: Interpreter,
  parameter: ParameterValue,
  name: string,
  call: Call,
): Value | undefined => {
  if (parameter.name === 'grad') {
    if (name === 'zero_' || name === 'detach_' || name === 'detach')
      machine.record({ kind: 'zero-grad', site: call.site, call, target: parameter });
    else if (/^clamp|^mul_|^div_/.test(name))
      machine.record({ kind: 'clip', site: call.site, call, target: parameter });
    return parameter;
  }
  if (name === 'detach') return parameter;
  // The gates of a recurrent layer, one below the other.
  if (name === 'chunk' || name === 'split') return list([parameter], false, 'tuple');
  if (/^(normal|uniform|fill|zero|copy|trunc_normal)_$/.test(name)) return initialize(machine, parameter, name, call);
  if (name === 'dim' || name === 'ndimension')
    return parameter.dimensions === undefined ? machine.unknown('dim') : constant(parameter.dimensions);
  if (name === 'size') return machine.unknown('size');
  if (name === 'requires_grad_') {
    if (parameter.layer) machine.heap.write(parameter.layer.slots, 'frozen', constant(true));
    return parameter;
  }
  return undefined;
};

const initialize = (machine: Interpreter, target: Value | undefined, scheme: string, call: Call): Value => {
  if (scheme === 'calculate_gain') return machine.unknown('gain');
  if (target?.kind === 'parameter')
    machine.trace.initializations.push({
      order: machine.id(),
      parameter: target,
      scheme: scheme.endsWith('_') ? scheme : `${scheme}_`,
      call,
      site: call.site,
      arms: machine.currentArms,
    });
  return target ?? none;
};

// ------------------------------------------------------------------ training

const scaled = (machine: Interpreter, loss: Value, site: Site): Value => {
  if (loss.kind === 'list') return loss;
  return machine.op('scale', 'scaled', [loss], site);
};

const isOptimizer = (value: Value | undefined): boolean =>
  value !== undefined &&
  ((value.kind === 'object' && value.type === 'optimizer') ||
    (value.kind === 'unknown' && (value.uses.has('zero_grad') || optimizerLike.test(value.name))));

/** `x.step()` of something that is not known: its name and its other methods tell what it is, or nothing does. */
const step = (machine: Interpreter, receiver: Value, call: Call): Value => {
  const { site } = call;
  const first = call.positional[0]?.value;
  const name = nameOf(receiver);
  if (isOptimizer(first) || (scalerLike.test(name) && first)) {
    machine.record({ kind: 'optimizer-step', site, call, target: first ?? none, argument: receiver, scaled: true });
    return none;
  }
  if (schedulerLike.test(name)) machine.record({ kind: 'scheduler-step', site, call, target: receiver });
  else if (isOptimizer(receiver)) {
    runClosure(machine, call);
    machine.record({ kind: 'optimizer-step', site, call, target: receiver });
  } else machine.record({ kind: 'unknown-step', site, call, target: receiver });
  return machine.unknown('step', 'data');
};

/** `optimizer.step(closure)`. */
const runClosure = (machine: Interpreter, call: Call): void => {
  const closure = call.positional[0]?.value ?? call.keywords.get('closure')?.value;
  if (closure?.kind === 'function') machine.callValue(closure, machine.assumedCall(call.site));
};

const objectMethod = (machine: Interpreter, receiver: Value, name: string, call: Call): Value | undefined => {
  if (receiver.kind !== 'object') return undefined;
  const { site } = call;
  const first = call.positional[0]?.value;
  switch (`${receiver.type}.${name}`) {
    case 'optimizer.zero_grad':
      machine.record({ kind: 'zero-grad', site, call, target: receiver });
      return none;
    case 'optimizer.step':
      runClosure(machine, call);
      machine.record({ kind: 'optimizer-step', site, call, target: receiver });
      return none;
    case 'scheduler.step':
      machine.record({ kind: 'scheduler-step', site, call, target: receiver });
      return none;
    case 'scaler.scale':
      return first ? scaled(machine, first, site) : undefined;
    case 'scaler.unscale_':
      machine.record({ kind: 'unscale', site, call, target: first ?? none });
      return none;
    case 'scaler.step':
      machine.record({ kind: 'optimizer-step', site, call, target: first ?? none, argument: receiver, scaled: true });
      return none;
    case 'scaler.update':
      machine.record({ kind: 'scaler-update', site, call, target: receiver });
      return none;
    case 'accelerator.prepare':
    case 'accelerator.setup': {
      const values = call.positional.map(({ value }) => value);
      return values.length === 1 ? values[0] : list(values, !call.open, 'tuple');
    }
    case 'accelerator.backward':
      machine.record({ kind: 'backward', site, call, target: first ?? none });
      return none;
    case 'accelerator.accumulate':
      return machine.unknown('accumulate');
    default:
      if (name === 'add_param_group' && first) {
        const more = receiver.slots.get('more');
        receiver.slots.set('more', list([...(more?.kind === 'list' ? itemsOf(more) : []), first]));
        return none;
      }
      return undefined;
  }
};
