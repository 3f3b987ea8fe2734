/**
 * The graph that trains: forward, loss, backward, clipping, optimizer and telemetry of one step as the body of a Loop,
 * which takes several steps in one call of the runtime, so that weights stay where they are computed.
 */
import { differentiate } from '../autodiff/differentiate';
import type { StateUpdate } from '../autodiff/mode';
import type { ProviderForm } from '../autodiff/provider-form';
import type { Value } from '../onnx/builder';
import { producers, type Graph } from '../onnx/graph';
import { isFloat, sizeOf, type TensorType } from '../onnx/tensor';
import type { Experiment, LossId, OptimizerSettings } from '../protocol/experiment';
import { fixedWidth, type LayerInfo, type ParameterInfo, type TelemetryLayout } from '../protocol/run';
import { clip } from './clipping';
import { targetName } from './data/dataset';
import { losses } from './losses';
import { measure, part } from './magnitudes';
import { createOptimizer, type Optimizer } from './optimizers';
import { StepLoop, type CarriedState } from './step-loop';
import { layerBlock, parameterBlock, stepBlock } from './telemetry';
import { GradientsThroughTime } from './through-time';

export interface TrainingRequest {
  /** Specialised and canonical; parameters and buffers are initializers. Left as it is. */
  forward: Graph;
  /** Buffers of the model that a step changes, with the value that they have after it. */
  updates?: readonly StateUpdate[];
  /** The layers in forward order, each with the value that it gives. */
  layers: readonly { info: LayerInfo; output: string }[];
  parameters: readonly ParameterInfo[];
  loss: LossId;
  /** The output that the loss takes. */
  output: string;
  /** Type of the target; undefined for a loss without one. */
  target: TensorType | undefined;
  classAxis?: number;
  optimizer: OptimizerSettings;
  clipping?: Experiment['clipping'];
  /** What the execution provider asks for, where that is not the usual. */
  form?: Pick<ProviderForm, 'rules' | 'finish'>;
  /** Without it a row has the columns of the step alone. On by default. */
  telemetry?: boolean;
}

/** Every input but `count` and those of the states has one entry per step on its first axis. */
export interface TrainingGraph {
  graph: Graph;
  layout: TelemetryLayout;
  states: readonly CarriedState[];
  optimizer: Optimizer;
  /** int64 scalar: how many steps to take. */
  count: string;
  /** float32 vectors, one per number that `optimizer.ratesAt` gives. */
  rates: readonly string[];
  /** What a step is fed, by the name in the data: the model's inputs and `target`. */
  batches: ReadonlyMap<string, { input: string; type: TensorType }>;
  /** Output, float32 `[steps, rowWidth(layout)]`. */
  rows: string;
}

/** @throws UnsupportedError for an operator on the way to a parameter that has no gradient. */
export function buildTrainingGraph(request: TrainingRequest): TrainingGraph {
  const { forward, parameters } = request;
  const loop = new StepLoop(forward);
  const optimizer = createOptimizer(request.optimizer);

  const batches = new Map<string, { input: string; type: TensorType }>();
  for (const { name } of forward.inputs) {
    const type = forward.types.get(name)!;
    batches.set(name, { input: loop.perStep(name, type), type });
  }
  const target = request.target && loop.g.uniqueName(targetName);
  if (target) batches.set(targetName, { input: loop.perStep(target, request.target!), type: request.target! });
  const rates = Array.from({ length: optimizer.rates }, () => loop.g.uniqueName('rate'));
  const rateInputs = rates.map((name) => loop.perStep(name, { dtype: 'float32', shape: [] }));
  for (const { name, trainable } of parameters) if (trainable) loop.carryInitializer(name);
  for (const { name, value } of request.updates ?? []) loop.next(loop.carryInitializer(name), loop.g.value(value));

  const { row, layout } = buildStep(
    loop,
    request,
    optimizer,
    target === undefined ? undefined : loop.g.value(target),
    rates.map((name) => loop.g.value(name)),
  );
  request.form?.finish?.(loop.g);
  const { graph, count, states, rows } = loop.close(row);
  return { graph, layout, states, optimizer, count, rates: rateInputs, batches, rows };
}

/** Adds everything after the forward pass to the body of the loop. */
function buildStep(
  loop: StepLoop,
  request: TrainingRequest,
  optimizer: Optimizer,
  target: Value | undefined,
  rates: readonly Value[],
): { row: Value; layout: TelemetryLayout } {
  const { g } = loop;
  const { forward, parameters, telemetry = true } = request;
  const made = producers(forward);
  const layers = telemetry
    ? request.layers.filter(({ output }) => made.has(output) && isFloat(g.value(output).dtype))
    : [];
  const trained = parameters.filter(({ trainable }) => trainable).map(({ name }) => name);

  const names = parameters.map(({ name }) => name);
  const throughTime = telemetry ? new GradientsThroughTime(forward, names) : undefined;

  const { loss, gradient: seed } = losses[request.loss].build(g, g.value(request.output), target, request.classAxis);
  const wrt = [...trained, ...layers.map(({ output }) => output), ...(throughTime?.states ?? [])];
  const gradients = differentiate(g, new Map([[request.output, seed]]), wrt, request.form?.rules);
  const reached = trained.filter((name) => gradients.of(name) !== undefined);
  const parameterGradients = reached.map((name) => gradients.of(name)!);
  const observed = layers.filter(({ output }) => gradients.of(output) !== undefined);
  const measured = measure(g, {
    activations: layers.map(({ output }) => g.value(output)),
    gradients:
      telemetry || request.clipping
        ? [...parameterGradients, ...observed.map(({ output }) => gradients.of(output)!)]
        : [],
    weights: telemetry ? names.map((name) => g.value(name)) : [],
  });
  const sizes = reached.length === 0 ? undefined : measured.gradients && part(g, measured.gradients, 0, reached.length);
  const clipped = sizes && clip(g, request.clipping, parameterGradients, sizes.norm);

  const deltas = reached.map((name, i) => {
    const weight = g.value(name);
    const states = optimizer.states.map((state) => loop.carryZeros(`${name}/${state}`, weight));
    const update = optimizer.update(
      g,
      weight,
      (clipped?.gradients ?? parameterGradients)[i]!,
      states,
      rates.map((rate) => g.cast(rate, weight.dtype)),
    );
    loop.next(weight, g.add(weight, update.delta));
    states.forEach((state, k) => {
      loop.next(state, update.states[k]!);
    });
    return update.delta;
  });

  const blocks = [stepBlock(g, { loss, ...clipped?.norms })];
  if (layers.length > 0)
    blocks.push(
      layerBlock(
        loop,
        forward,
        layers.map((layer) => ({ activation: g.value(layer.output), hasGradient: observed.includes(layer) })),
        measured.activations!,
        observed.length === 0
          ? undefined
          : measured.gradients && part(g, measured.gradients, reached.length, reached.length + observed.length),
      ),
    );
  if (telemetry && parameters.length > 0)
    blocks.push(
      parameterBlock(
        g,
        parameters.map(({ name, trainable }) => ({ trained: trainable, moved: reached.includes(name) })),
        measured.weights!,
        sizes,
        clipped &&
          (optimizer.proportional ? g.mul(clipped.each, g.abs(rates[0]!)) : measure(g, { weights: deltas }).weights),
      ),
    );
  const observedLayers = layers.map(({ info, output }) => ({ ...info, outputSize: sizeOf(g.value(output).shape) }));
  const fixed = { layers: observedLayers, parameters: telemetry ? parameters : [] };
  const recurrent = throughTime?.block(g, gradients, observedLayers, fixedWidth(fixed));
  if (recurrent) blocks.push(recurrent.values);
  return { row: g.concat(blocks, 0), layout: { ...fixed, throughTime: recurrent?.columns ?? [] } };
}
