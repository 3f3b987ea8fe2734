/** What the remedies that insert trained layers share. */
import type { Value } from '../onnx/builder';
import { sizeOf, type Shape, type Tensor } from '../onnx/tensor';
import { floatTensor } from './initialization';
import type { Patient } from './patient';
import { replaceUses } from './rewrite';

/**
 * Puts nodes between a value and everything that takes it.
 * @param layer that the new nodes belong to. @param build adds them and returns what stands in for the value.
 */
export function insertAfter(patient: Patient, value: Value, layer: string, build: (x: Value) => Value): Value {
  const { graph, g } = patient;
  const before = graph.nodes.length;
  const replacement = g.at({ layer, source: sourceOf(patient, value) }, () => build(value));
  replaceUses(graph, value.name, replacement.name, new Set(graph.nodes.slice(before)));
  return replacement;
}

/** The source line of the node that makes a value. */
export const sourceOf = ({ graph }: Patient, value: Value): Patient['graph']['nodes'][number]['source'] =>
  graph.nodes.find((node) => node.outputs.includes(value.name))?.source;

/** A new trained tensor, named after where it sits. */
export function newParameter(patient: Patient, name: string, shape: Shape, values: ArrayLike<number> | number): Value {
  const value = newTensor(patient, name, shape, values);
  patient.parameters.add(value.name);
  patient.graph.marks.set(value.name, 'parameter');
  return value;
}

/** A new tensor that is carried along but not trained (running statistics). */
export function newBuffer(patient: Patient, name: string, shape: Shape, values: ArrayLike<number> | number): Value {
  const value = newTensor(patient, name, shape, values);
  patient.graph.marks.set(value.name, 'buffer');
  return value;
}

function newTensor(patient: Patient, name: string, shape: Shape, values: ArrayLike<number> | number): Value {
  const data = typeof values === 'number' ? new Float64Array(sizeOf(shape)).fill(values) : values;
  return patient.g.initializer(name, floatTensor(floatTypeOf(patient), shape, data));
}

/** The float type that the model trains in. */
function floatTypeOf({ graph, parameters }: Patient): Tensor['dtype'] {
  for (const name of parameters) return graph.initializers.get(name)!.dtype;
  return 'float32';
}
