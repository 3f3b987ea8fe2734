/** What TensorFlow.js means, for following a program without running it. */
import type { Interpreter, Library } from './interpreter';
import { activationOfConfig, functionCategories, layerCategories } from './tensorflow-names';
import {
  configConstant,
  configEntry,
  external,
  itemsOf,
  list,
  none,
  type Call,
  type Container,
  type Layer,
  type Site,
  type Tensor,
  type Value,
} from './values';

export const tensorFlow: Library = {
  module(name) {
    if (/^@tensorflow\/tfjs(-(node|node-gpu|core|layers|backend-\w+))?(\/.*)?$/.test(name)) return 'tf';
    return name.startsWith('.') ? undefined : name;
  },

  global(name) {
    return ['tf', 'Math', 'Array', 'console', 'Object'].includes(name) ? external(name) : undefined;
  },

  attribute(path, name) {
    return name === 'default' ? external(path) : undefined;
  },

  annotated() {
    return undefined;
  },

  call(machine, path, call) {
    const { site } = call;
    const first = call.positional[0]?.value;
    const name = path.slice(path.lastIndexOf('.') + 1);
    if (!path.startsWith('tf.')) return undefined;
    if (path === 'tf.sequential') {
      const layers = configEntry(call, 'layers')?.value;
      const items = layers ? machine.iterate(layers) : { values: [], exact: !call.open };
      return machine.container('Sequential', path, call, items.values, items.exact);
    }
    if (path === 'tf.input' || path === 'tf.layers.input') return machine.op('input', 'input', [], site, { call });
    if (path === 'tf.model') return machine.object('model', path, call);
    if (path.startsWith('tf.layers.') && layerCategories.has(name)) return machine.layer(path, call);
    if (/^tf\.layers\.(timeDistributed|activation|bidirectional)$/.test(path)) return machine.layer(path, call);
    if (path.startsWith('tf.initializers.')) return machine.object('initializer', path, call);
    if (path.startsWith('tf.train.')) return machine.object('optimizer', path, call);
    if (path.startsWith('tf.losses.')) {
      const inputs = call.positional.map(({ value }) => value);
      return machine.op('loss', name, inputs, site, { call });
    }
    if (path === 'tf.variable') return { kind: 'parameter', name: 'variable' };
    if (path === 'tf.tidy') return callBack(machine, call.positional.at(-1)?.value, site);
    if (path === 'tf.variableGrads') {
      const loss = callBack(machine, first, site);
      machine.record({ kind: 'backward', site, call, target: loss });
      const grads = machine.unknown('grads');
      return {
        kind: 'dict',
        slots: new Map<string, Value>([
          ['value', loss],
          ['grads', grads],
        ]),
        sites: new Map(),
        exact: true,
      };
    }
    if (/^tf\.(grad|grads|valueAndGrad|valueAndGrads|customGrad)$/.test(path)) {
      if (first?.kind === 'function') callBack(machine, first, site);
      return machine.unknown(name);
    }
    if (path === 'tf.clipByValue') machine.record({ kind: 'clip', site, call, ...(first ? { target: first } : {}) });
    return tensorFunction(
      machine,
      name,
      call.positional.map(({ value }) => value),
      call,
    );
  },

  member(machine, receiver, name) {
    if (receiver.kind === 'object' && receiver.type === 'model' && name === 'outputs')
      return configEntry(receiver.call, 'outputs')?.value;
    if (receiver.kind === 'container' && name === 'layers') return list(itemsOf(receiver), receiver.exact);
    if (receiver.kind === 'tensor' && (name === 'shape' || name === 'rank')) return machine.unknown(name);
    return undefined;
  },

  method(machine, receiver, name, call) {
    const { site } = call;
    const first = call.positional[0]?.value;
    switch (receiver.kind) {
      case 'layer':
        if (name === 'apply' && first) return applyLayer(machine, receiver, first, call);
        return undefined;
      case 'container':
        if (name === 'add' && first) {
          machine.heap.write(receiver.slots, 'items', [...itemsOf(receiver), first]);
          return none;
        }
        if (name === 'predict' || name === 'apply')
          return first ? applySequence(machine, receiver, first, call) : undefined;
        return training(machine, receiver, name, call);
      case 'object':
        if (receiver.type === 'optimizer') return optimizerMethod(machine, receiver, name, call);
        if (receiver.type === 'model') {
          if (name === 'predict' || name === 'apply') {
            const outputs = configEntry(receiver.call, 'outputs')?.value;
            return (
              outputs && machine.op('pass', 'model', [outputs, ...(first ? [first] : [])].slice(0, 1), site, { call })
            );
          }
          return training(machine, receiver, name, call);
        }
        return undefined;
      case 'tensor': {
        if (/^(dataSync|data|arraySync|array)$/.test(name))
          return machine.op('detach', name, [receiver], site, { call, gradient: 'no', cut: 'number' });
        return tensorFunction(machine, name, [receiver, ...call.positional.map(({ value }) => value)], call);
      }
      case 'unknown':
        if (name === 'minimize' || name === 'applyGradients') return optimizerMethod(machine, receiver, name, call);
        if (name === 'fit' || name === 'fitDataset' || name === 'compile')
          return training(machine, receiver, name, call);
        return undefined;
      default:
        return undefined;
    }
  },

  invoke() {
    return undefined;
  },

  inherited() {
    return undefined;
  },

  enter() {
    return undefined;
  },

  finish(machine) {
    for (const container of machine.trace.containers.toReversed()) {
      if ((container.slots as Map<string, unknown>).has(' ran') || container.site.file !== machine.file) continue;
      const input = machine.op('input', 'input', [], container.site);
      applySequence(machine, container, input, machine.assumedCall(container.site));
    }
  },
};

const callBack = (machine: Interpreter, callee: Value | undefined, site: Site): Value =>
  callee?.kind === 'function'
    ? machine.callValue(callee, machine.assumedCall(site))
    : machine.unknown('callback', 'call');

const training = (machine: Interpreter, receiver: Value, name: string, call: Call): Value | undefined => {
  const { site } = call;
  if (name === 'compile') {
    if (receiver.kind === 'container' || receiver.kind === 'object') {
      const optimizer = configEntry(call, 'optimizer')?.value;
      if (optimizer) (receiver.slots as Map<string, unknown>).set(' optimizer', optimizer);
    }
    machine.record({ kind: 'compile', site, call, target: receiver });
    return none;
  }
  if (name === 'fit' || name === 'fitDataset' || name === 'trainOnBatch') {
    machine.record({ kind: 'fit', site, call, target: receiver });
    return machine.unknown('history');
  }
  return undefined;
};

const optimizerMethod = (machine: Interpreter, receiver: Value, name: string, call: Call): Value | undefined => {
  const { site } = call;
  const first = call.positional[0]?.value;
  if (name === 'minimize') {
    const loss = callBack(machine, first, site);
    machine.record({ kind: 'backward', site, call, target: loss });
    machine.record({ kind: 'optimizer-step', site, call, target: receiver });
    return loss;
  }
  if (name === 'applyGradients') {
    machine.record({ kind: 'optimizer-step', site, call, target: receiver, ...(first ? { argument: first } : {}) });
    return none;
  }
  return undefined;
};

/** A layer applied to a tensor: the layer itself, then the activation that its configuration names. */
const applyLayer = (machine: Interpreter, layer: Layer, input: Value, call: Call): Tensor => {
  layer.slots.set(' ran', none);
  const { type } = layer;
  const activation = configEntry(layer.call, 'activation');
  const activationSite = activation ? machine.site(activation.node, layer.site.file) : layer.site;
  const inputs = input.kind === 'list' ? [...itemsOf(input)] : [input];
  if (type === 'timeDistributed') {
    const inner = configEntry(layer.call, 'layer')?.value;
    return inner?.kind === 'layer'
      ? applyLayer(machine, inner, input, call)
      : machine.op('unknown', type, inputs, call.site);
  }
  const category = type === 'activation' ? undefined : layerCategories.get(type);
  const result = category ? machine.op(category, type, inputs, call.site, { layer, call: layer.call }) : undefined;
  if (category === 'recurrent' || category === 'activation' || category === 'softmax') return result!;
  const name = configConstant(layer.call, 'activation');
  const before = result ?? input;
  if (!activation || name === 'linear') return result ?? machine.op('pass', type, inputs, call.site, { layer });
  if (name === 'softmax')
    return machine.op('softmax', 'softmax', [before], activationSite, { layer, call: layer.call });
  const known = typeof name === 'string' ? activationOfConfig[name] : undefined;
  return machine.op(known ? 'activation' : 'unknown', known ?? 'activation', [before], activationSite, {
    layer,
    call: layer.call,
  });
};

const applySequence = (machine: Interpreter, container: Container, input: Value, call: Call): Value => {
  (container.slots as Map<string, unknown>).set(' ran', none);
  let value = input;
  for (const item of itemsOf(container)) {
    if (item.kind === 'layer') value = applyLayer(machine, item, value, call);
    else if (item.kind === 'container') value = applySequence(machine, item, value, call);
    else value = machine.op('unknown', 'layer', [value], call.site);
  }
  return container.exact ? value : machine.op('unknown', 'repeated', [value], call.site);
};

const tensorFunction = (
  machine: Interpreter,
  name: string,
  inputs: readonly Value[],
  call: Call,
): Value | undefined => {
  const { site } = call;
  const category = functionCategories.get(name);
  if (!category) return undefined;
  if (category === 'constant') return machine.op('constant', name, [], site, { call });
  if (category === 'detach')
    return machine.op('detach', name, inputs.slice(0, 1), site, { call, gradient: 'no', cut: 'detach' });
  if (category === 'matmul') {
    const data = inputs.filter((value) => value.kind !== 'parameter' && value.kind !== 'constant');
    if (inputs.some((value) => value.kind === 'parameter'))
      return machine.op('weights', name, data.slice(0, 1), site, { call, gradient: 'yes' });
    return machine.op('matmul', name, inputs, site, { call });
  }
  if (category === 'merge') {
    const parts = inputs[0]?.kind === 'list' ? [...itemsOf(inputs[0])] : [...inputs];
    const tensors = parts.filter((value) => value.kind !== 'constant');
    const plain = tensors.filter((value) => value.kind !== 'parameter');
    return machine.op(plain.length > 1 ? 'merge' : 'scale', name, tensors, site, { call });
  }
  return machine.op(category, name, inputs.slice(0, 1), site, { call });
};
