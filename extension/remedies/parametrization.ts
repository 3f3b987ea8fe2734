/** Parametrizations of a weight, named as `torch.nn.utils.parametrize` names them. */
import type { Value } from '../onnx/builder';
import { sourceOf } from './insertion';
import type { WeightLayer } from './anatomy';
import type { Patient } from './patient';
import { replaceUses, tidy } from './rewrite';

/** `layers.3.weight` → `layers.3.parametrizations.weight`. */
export function parametrizationOf(weight: string): string {
  const dot = weight.lastIndexOf('.');
  return `${dot < 0 ? '' : `${weight.slice(0, dot)}.`}parametrizations.${weight.slice(dot + 1)}`;
}

/**
 * Renames a weight to what is trained from now on, and puts a function of it in its place.
 * @param renamed the suffix of PyTorch's name for it: `original`, or `original1` beside an `original0`.
 */
export function parametrize(
  patient: Patient,
  { layer, weight, output }: WeightLayer,
  renamed: string,
  build: (original: Value) => Value,
): void {
  const { graph, g, parameters } = patient;
  const tensor = graph.initializers.get(weight)!;
  const original = g.initializer(`${parametrizationOf(weight)}.${renamed}`, tensor);
  graph.marks.set(original.name, 'parameter');
  parameters.add(original.name);
  const before = graph.nodes.length;
  const value = g.at({ layer, source: sourceOf(patient, output) }, () => build(original));
  replaceUses(graph, weight, value.name, new Set(graph.nodes.slice(before)));
  graph.initializers.delete(weight);
  graph.marks.delete(weight);
  parameters.delete(weight);
  tidy(graph);
}
