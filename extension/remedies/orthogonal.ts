import { z } from 'zod';
import { sizeOf } from '../onnx/tensor';
import { gain } from './fans';
import { reinitialize, setTensor } from './initialization';
import { orthogonalMatrix } from './orthogonal-matrix';
import type { Patient } from './patient';
import { recurrentWeights } from './recurrent-layers';
import { defineRemedy } from './remedy';
import { inUnits } from './units';

/**
 * Saxe et al., 2014. In a network with recurrent layers it is given to their hidden-to-hidden weights alone, one
 * orthogonal block per gate; elsewhere to every weight, `nn.init.orthogonal_(weight, gain)`.
 */
export const orthogonal = defineRemedy({
  id: 'orthogonal',
  family: 'initialization',
  tier: 'architecture',
  against: [
    'vanishing-through-time',
    'exploding-through-time',
    'vanishing-gradient',
    'exploding-gradient',
    'poor-initialization',
    'non-finite',
  ],
  parameters: z.strictObject({}),
  editSize: 2,
  changesNetwork: false,
  transform(patient, _parameters, units) {
    const recurrent = recurrentWeights(patient).filter(({ layer }) => inUnits(layer, units));
    for (const { weight } of recurrent) setTensor(patient, weight, orthogonalBlocks(patient, weight));
    if (recurrent.length > 0) return;
    reinitialize(patient, units, (layer, activation) => {
      const [rows, columns] = [layer.shape[0]!, sizeOf(layer.shape.slice(1))];
      return orthogonalMatrix(rows, columns, patient.random.normal).map((value) => value * gain(activation));
    });
  },
});

/** [gates · hidden, hidden], each gate's square block orthogonal. */
function orthogonalBlocks({ graph, random }: Patient, weight: string): Float64Array {
  const [rows, hidden] = graph.initializers.get(weight)!.shape as [number, number];
  const values = new Float64Array(rows * hidden);
  for (let gate = 0; gate < rows / hidden; gate++)
    values.set(orthogonalMatrix(hidden, hidden, random.normal), gate * hidden * hidden);
  return values;
}
