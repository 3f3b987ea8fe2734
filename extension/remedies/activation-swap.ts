/** What the remedies that swap hidden activations share. */
import type { Value } from '../onnx/builder';
import type { z } from 'zod';
import { examine, type Activation, type ActivationKind } from './anatomy';
import type { Patient } from './patient';
import { defineRemedy, DoesNotFit, type Remedy, type RemedyParameters } from './remedy';
import { replaceUses, tidy } from './rewrite';
import { inUnits } from './units';

/**
 * A remedy that puts another nonlinearity where the hidden ones are.
 * @param build adds the nodes of the new activation and returns its output.
 */
export function activationSwap<P extends RemedyParameters>(
  kind: ActivationKind,
  parameters: z.ZodType<P>,
  build: (patient: Patient, x: Value, parameters: P) => Value,
): Remedy {
  return defineRemedy<P>({
    id: kind,
    family: 'activation',
    tier: 'architecture',
    against: [
      'vanishing-gradient',
      'saturated-units',
      'dead-units',
      'vanishing-through-time',
      'no-update',
      'poor-initialization',
    ],
    parameters,
    editSize: 2,
    changesNetwork: true,
    transform(patient, values, units) {
      const swapped = examine(patient).hidden.filter(
        (activation) => activation.kind !== kind && inUnits(activation.layer, units),
      );
      if (swapped.length === 0) throw new DoesNotFit(`There is no hidden activation to replace by ${kind}.`);
      for (const activation of swapped) swap(patient, activation, (x) => build(patient, x, values));
    },
  });
}

function swap({ graph, g }: Patient, { layer, input, output }: Activation, build: (x: Value) => Value): void {
  const source = graph.nodes.find((node) => node.outputs.includes(output.name))?.source;
  const replacement = g.at({ layer, source }, () => build(input));
  replaceUses(graph, output.name, replacement.name);
  tidy(graph);
}
