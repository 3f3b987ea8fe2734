/**
 * Checks the gradient of a small model against differences of its outputs: L = Σ wᵢ·yᵢ with fixed weights, each float
 * input moved element by element (forty of them where there are more).
 */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { canonicalise } from '../../extension/autodiff/canonicalise';
import { differentiate } from '../../extension/autodiff/differentiate';
import { specialise } from '../../extension/autodiff/specialise';
import { GraphBuilder } from '../../extension/onnx/builder';
import { exportGraph } from '../../extension/onnx/export';
import type { Graph } from '../../extension/onnx/graph';
import { importGraph } from '../../extension/onnx/import';
import { parseModel } from '../../extension/onnx/model-file';
import { isFloat, numbers, sizeOf, tensor, type Tensor } from '../../extension/onnx/tensor';
import { createRuntime } from '../../extension/trainer/runtime';

export type Outcome =
  | { kind: 'passed'; elements: number }
  /** No element at which the two one-sided differences agree: the operator is constant by pieces, or has a kink there. */
  | { kind: 'not smooth' }
  | { kind: 'failed'; reason: string };

const runtime = createRuntime();

/** @param bytes a model whose float data are initializers marked as parameters */
export async function checkGradient(bytes: Uint8Array, name: string): Promise<Outcome> {
  const model = importGraph(parseModel(bytes, name));
  const inputs = new Map([...model.marks.keys()].map((input) => [input, model.initializers.get(input)!]));
  for (const [input, { dtype, shape }] of inputs) {
    model.initializers.delete(input);
    model.inputs.push({ name: input, dtype, shape });
  }
  const forward = await Forward.open(model);
  try {
    const outputs = await forward.run(inputs);
    const weights = new Map(
      [...outputs]
        .filter(([output, { dtype }]) => isFloat(dtype) && !runningStatistics(model).has(output))
        .map(([output, value]) => [output, lossWeights(value)]),
    );
    const gradients = await analyticGradients(model, inputs, weights);
    return await compared(forward, inputs, weights, gradients);
  } finally {
    await forward.close();
  }
}

/** What BatchNormalization keeps for later passes no gradient to the batch, as in PyTorch. */
const runningStatistics = ({ nodes }: Graph): Set<string> =>
  new Set(nodes.flatMap(({ opType, outputs }) => (opType === 'BatchNormalization' ? outputs.slice(1) : [])));

/** The model itself, as written. */
class Forward {
  private constructor(private readonly session: InferenceSession) {}

  static async open(model: Graph): Promise<Forward> {
    const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 } as const;
    return new Forward(await InferenceSession.create(exportGraph(model), options));
  }

  async run(inputs: ReadonlyMap<string, Tensor>): Promise<Map<string, Tensor>> {
    const feeds = [...inputs].map(([name, { dtype, data, shape }]) => [
      name,
      new OrtTensor(dtype as 'float32', data as Float32Array, shape),
    ]);
    const results = await this.session.run(Object.fromEntries(feeds) as Record<string, OrtTensor>);
    return new Map(
      Object.entries(results).map(([name, { type, data, dims }]) => [
        name,
        { dtype: type as 'float32', shape: dims, data: data as Float32Array },
      ]),
    );
  }

  close(): Promise<void> {
    return this.session.release();
  }
}

function lossWeights({ dtype, shape, data }: Tensor): Tensor {
  const finite = Array.from(data as Float32Array, Number.isFinite);
  const weights = Array.from({ length: sizeOf(shape) }, (_, i) => (finite[i] ? 0.3 + ((i * 7) % 11) / 10 : 0));
  return tensor(dtype as 'float32', shape, weights);
}

async function analyticGradients(
  model: Graph,
  inputs: ReadonlyMap<string, Tensor>,
  weights: ReadonlyMap<string, Tensor>,
): Promise<Map<string, Tensor>> {
  const graph = canonicalise(await specialise(model, inputs, runtime));
  const g = new GraphBuilder(graph);
  const seeds = new Map([...weights].map(([output, weight]) => [output, g.initializer('weights', weight)]));
  const gradients = differentiate(g, seeds, [...inputs.keys()]);
  const found = [...inputs.keys()].flatMap((input) => {
    const gradient = gradients.of(input);
    return gradient ? [{ input, value: g.identity(gradient) }] : [];
  });
  graph.outputs = found.map(({ value: { name, dtype, shape } }) => ({ name, dtype, shape }));
  const feeds = new Map([...inputs].filter(([input]) => graph.inputs.some(({ name }) => name === input)));
  const results = found.length > 0 ? await runtime.run(exportGraph(graph), feeds) : new Map<string, Tensor>();
  return new Map(found.map(({ input, value }) => [input, results.get(value.name)!]));
}

async function compared(
  forward: Forward,
  inputs: ReadonlyMap<string, Tensor>,
  weights: ReadonlyMap<string, Tensor>,
  gradients: ReadonlyMap<string, Tensor>,
): Promise<Outcome> {
  const loss = async (moved: ReadonlyMap<string, Tensor>): Promise<number> =>
    weightedSum(await forward.run(moved), weights);
  const atPoint = await loss(inputs);
  let elements = 0;
  for (const [name, input] of inputs) {
    const found = gradients.has(name) ? numbers(gradients.get(name)!) : undefined;
    const scale = Math.max(1e-3, ...(found ?? []).map(Math.abs).filter(Number.isFinite));
    const lossAt = async (element: number, delta: number): Promise<number> => {
      const data = (input.data as Float32Array).slice();
      data[element]! += delta;
      return loss(new Map(inputs).set(name, { ...input, data }));
    };
    for (const element of sampled(sizeOf(input.shape), 40)) {
      const step = 1e-2 * Math.max(0.1, Math.min(10, Math.abs(Number(input.data[element]))));
      const differences = async (h: number) => {
        const [ahead, behind] = [await lossAt(element, h), await lossAt(element, -h)];
        return { central: (ahead - behind) / (2 * h), gap: Math.abs(ahead + behind - 2 * atPoint) / h };
      };
      const { central, gap } = await differences(step);
      const noise = 1e-2 * scale + (2e-6 * Math.abs(atPoint)) / step;
      // A kink within the step shows as one-sided differences apart, and moves the central one by half of that at most.
      if (!Number.isFinite(central) || gap > 0.1 * Math.max(Math.abs(central), scale) + noise) continue;
      if (Math.abs((found?.[element] ?? 0) - central) <= noise + gap / 2) {
        if (found) elements++;
        continue;
      }
      // A jump shows as a difference that grows as the step shrinks.
      if (Math.abs((await differences(step / 2)).central - central) > 0.2 * Math.abs(central)) continue;
      const said = found ? `the gradient says ${found[element]!}` : 'there is no gradient';
      return { kind: 'failed', reason: `∂L/∂${name}[${element}] is ${central}, ${said}` };
    }
  }
  return elements > 0 ? { kind: 'passed', elements } : { kind: 'not smooth' };
}

function weightedSum(outputs: ReadonlyMap<string, Tensor>, weights: ReadonlyMap<string, Tensor>): number {
  let total = 0;
  for (const [output, weight] of weights) {
    const values = outputs.get(output)!.data as Float32Array;
    (weight.data as Float32Array).forEach((w, i) => {
      if (w !== 0) total += w * values[i]!;
    });
  }
  return total;
}

/** At most `count` indices, evenly spread. */
const sampled = (length: number, count: number): number[] =>
  length <= count
    ? [...Array(length).keys()]
    : Array.from({ length: count }, (_, i) => Math.floor((i * length) / count));
