/**
 * The graph that trains: forward, loss, backward, clipping, optimizer and telemetry of one step as the body of a Loop,
 * which takes several steps in one call of the runtime, so that weights stay where they are computed.
 */
import { differentiate } from '../autodiff/differentiate';
import type { StateUpdate } from '../autodiff/mode';
import type { ProviderForm } from '../autodiff/provider-form';
import type { Value } from '../onnx/builder';
import { producers, type Graph } from '../onnx/graph';
import { isFloat, sizeOf, tensor, type Tensor, type TensorType } from '../onnx/tensor';
import type { Experiment, LossId, OptimizerSettings } from '../protocol/experiment';
import { fixedWidth, type LayerInfo, type ParameterInfo, type TelemetryLayout } from '../protocol/run';
import { clip } from './clipping';
import { targetName } from './data/dataset';
import { losses } from './losses';
import { each, measure, norms, type Care, type Measurements, type Subject, type Subjects } from './magnitudes';
import { createOptimizer, type Optimizer } from './optimizers';
import { move, pack, type Moved } from './packs';
import { StepLoop, type CarriedState } from './step-loop';
import { findDoubts, RawRow, readRows, unitCounts, type DoubtfulStep, type RowContents } from './telemetry';
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
  /** Output, float32 `[steps, …]`: what `read` makes rows of. */
  rows: string;
  /** Makes the rows of steps, `rowWidth(layout)` numbers each, of the values of that output. */
  read: (values: Float32Array) => Float32Array;
  /**
   * The first of these steps, counted from 0, of which something could not be measured with this graph, and the graph to
   * take it again with, and those that follow: `read` would be wrong of it, and with clipping the state after it. Both
   * graphs have the same inputs. Undefined where all is right.
   */
  retake: (values: Float32Array) => { step: number; training: TrainingGraph } | undefined;
}

/** @throws UnsupportedError for an operator on the way to a parameter that has no gradient. */
export const buildTrainingGraph = (request: TrainingRequest): TrainingGraph => build(request, new Map(), 0);

/** @param retakes how many graphs have come before this one */
function build(request: TrainingRequest, care: Care, retakes: number): TrainingGraph {
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

  const { row, layout, read, doubts } = buildStep(
    loop,
    request,
    care,
    optimizer,
    target === undefined ? undefined : loop.g.value(target),
    rates.map((name) => loop.g.value(name)),
  );
  request.form?.finish?.(loop.g);
  const { graph, count, states, rows } = loop.close(row);
  const retake: TrainingGraph['retake'] = (values) => {
    // Every retake builds and loads a graph: so each looks further ahead.
    const found = doubts(values, 10 ** Math.min(18, 6 * (retakes + 1)));
    if (!found) return undefined;
    const more = found.doubts.map(({ id, scale }) => [id, scale] as const);
    return { step: found.step, training: build(request, new Map([...care, ...more]), retakes + 1) };
  };
  return { graph, layout, states, optimizer, count, rates: rateInputs, batches, rows, read, retake };
}

interface Step extends Pick<TrainingGraph, 'layout' | 'read'> {
  row: Value;
  /** @param margin see `doubts` in magnitudes.ts */
  doubts: (values: Float32Array, margin: number) => DoubtfulStep | undefined;
}

/** Adds everything after the forward pass to the body of the loop. */
function buildStep(
  loop: StepLoop,
  request: TrainingRequest,
  care: Care,
  optimizer: Optimizer,
  target: Value | undefined,
  rates: readonly Value[],
): Step {
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
  const observed = layers.filter(({ output }) => gradients.of(output) !== undefined);
  const observedLayers = layers.map(({ info, output }) => ({ ...info, outputSize: sizeOf(g.value(output).shape) }));
  const fixed = { layers: observedLayers, parameters: telemetry ? parameters : [] };
  const recurrent = throughTime?.block(g, gradients, observedLayers, fixedWidth(fixed), care);

  const activations = layers.map((layer) => ({
    activation: g.value(layer.output),
    hasGradient: observed.includes(layer),
  }));
  const begin = g.graph.nodes.length;
  const counts = unitCounts(loop, forward, activations);
  const packs = pack(
    g,
    reached.map((name) => g.value(name)),
    reached.map((name) => gradients.of(name)!),
  );
  const subjects: Subjects = {
    activations: each(activations.map(({ activation }) => activation)),
    numbers: each(counts.map(({ value }) => value)),
    gradients:
      telemetry || request.clipping
        ? [
            ...packs.map(({ gradient, members }) => ({ x: gradient, members })),
            ...observed.map(({ output }, i) => ({ x: gradients.of(output)!, members: [reached.length + i] })),
          ]
        : [],
  };
  /** Weights after the step, then the steps where their norms do not follow from those of the gradients. */
  const told = (moved: readonly Moved[]): Subject[] => {
    if (!telemetry) return [];
    const weights = packs.map(({ members }, i) => ({ x: moved[i]!.after, members }));
    if (optimizer.proportional) return weights;
    const behind = (members: readonly number[]): number[] => members.map((member) => reached.length + member);
    return [...weights, ...packs.map(({ members }, i) => ({ x: moved[i]!.delta, members: behind(members) }))];
  };

  const raw = new RawRow();
  raw.add('loss', g, loss);
  raw.add('rate', g, rates[0]!);
  let measured: Measurements;
  let moved: Measurements;
  let limited: Measurements | undefined;
  if (request.clipping && reached.length > 0) {
    g.hoist(begin);
    measured = measure(g, subjects, care);
    const ofGradients = norms(g, measured, measured.gradients.slice(0, reached.length));
    const clipped = clip(g, request.clipping, packs, ofGradients, care);
    for (const [name, value] of Object.entries({ ...clipped.told })) raw.add(name, g, value);
    limited = clipped.measured;
    if (limited?.vector) raw.add('limited', g, limited.vector);
    const weights = told(move(loop, optimizer, reached, packs, clipped.directions, rates));
    moved = measure(g, { weights }, care);
    if (moved.vector) raw.add('moved', g, moved.vector);
  } else {
    const directions = packs.map(({ gradient }) => gradient);
    const weights = told(move(loop, optimizer, reached, packs, directions, rates));
    // A parameter is moved, and what becomes of it is measured, as soon as its gradient is there, which then makes room.
    // Where nothing is measured, the runtime does so by itself.
    if (telemetry) g.hoist(begin);
    measured = moved = measure(g, { ...subjects, weights }, care);
  }
  if (measured.vector) raw.add('measured', g, measured.vector);

  const observedParameters = fixed.parameters.map(({ name, trainable }) => ({
    trained: trainable,
    moved: reached.includes(name),
    norm: norm(forward.initializers.get(name)!),
  }));
  if (moved.weights.length > 0) {
    // The step before has measured them.
    const initial = observedParameters.flatMap((parameter) => (parameter.moved ? [parameter.norm] : []));
    const before = loop.carryTensor('weight norms', tensor('float32', [initial.length], initial));
    loop.next(before, norms(g, moved, moved.weights.slice(0, reached.length)));
    raw.add('weightNorms', g, before);
  }
  if (recurrent) raw.add('throughTime', g, recurrent.values);
  const layout = { ...fixed, throughTime: recurrent?.columns ?? [] };
  const contents: RowContents = {
    raw,
    layout,
    layers: activations,
    counts,
    parameters: observedParameters,
    measured,
    moved,
    limited,
    throughTimeWithCare: recurrent?.withCare ?? false,
    proportional: optimizer.proportional,
  };
  return {
    row: raw.close(g),
    layout,
    read: (values) => readRows(contents, values),
    doubts: (values, margin) => findDoubts(contents, values, margin),
  };
}

function norm({ data }: Tensor): number {
  let squares = 0;
  for (const value of data as Float32Array) squares += value * value;
  return Math.sqrt(squares);
}
