import { z } from 'zod';
import { numbers, sizeOf, type Tensor } from '../onnx/tensor';
import { setTensor } from './initialization';
import { orthogonalMatrix } from './orthogonal-matrix';
import { examine } from './anatomy';
import { defineRemedy, DoesNotFit } from './remedy';
import { inUnits } from './units';

/**
 * Layer-sequential unit-variance initialization (Mishkin and Matas, 2016): orthogonal weights, then layer by layer, in
 * forward order, each divided by the standard deviation of its output on a batch until that is 1 within `tolerance`.
 */
export const lsuv = defineRemedy({
  id: 'lsuv',
  family: 'initialization',
  tier: 'architecture',
  against: [
    'vanishing-gradient',
    'exploding-gradient',
    'poor-initialization',
    'saturated-units',
    'dead-units',
    'non-finite',
    'no-update',
  ],
  parameters: z.strictObject({
    tolerance: z.number().positive().default(0.1),
    iterations: z.number().int().positive().default(10),
  }),
  editSize: 3,
  changesNetwork: false,
  isIndivisible: true,
  async transform(patient, { tolerance, iterations }, units) {
    const layers = examine(patient).weights.filter(({ layer }) => inUnits(layer, units));
    if (layers.length === 0) throw new DoesNotFit('The model has no linear or convolution weights to initialize.');
    const deviationOf = async (name: string): Promise<number> =>
      standardDeviation((await patient.evaluate([name])).get(name)!);
    const before = await patient.evaluate(layers.map(({ output }) => output.name));
    for (const { shape, weight } of layers)
      setTensor(patient, weight, orthogonalMatrix(shape[0]!, sizeOf(shape.slice(1)), patient.random.normal));
    for (const { layer, weight, output } of layers) {
      let deviation = await deviationOf(output.name);
      for (let i = 0; i < iterations && deviation > 0 && Math.abs(deviation - 1) > tolerance; i++) {
        setTensor(
          patient,
          weight,
          numbers(patient.graph.initializers.get(weight)!).map((value) => value / deviation),
        );
        deviation = await deviationOf(output.name);
      }
      const variances = [standardDeviation(before.get(output.name)!) ** 2, deviation ** 2];
      patient.notes.push(
        `lsuv: the output variance of ${layer} went from ${variances.map((v) => v.toPrecision(3)).join(' to ')}.`,
      );
    }
  },
});

function standardDeviation(tensor: Tensor): number {
  const values = numbers(tensor);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
