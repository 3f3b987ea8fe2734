/**
 * A run is columnar: one row of float32 per step, whose columns a {@link TelemetryLayout} names. Rows stream from the
 * trainer to host and webviews as they are; nothing is turned into an object per layer and step until a person asks.
 */
import type { Experiment } from './experiment';

/** The first columns of every row. */
export const stepColumns = ['loss', 'learningRate', 'validationLoss', 'gradientNorm', 'clippedGradientNorm'] as const;
export type StepColumn = (typeof stepColumns)[number];

/** Of a layer's output activation a, and of ∂L/∂a. `zeroShare` counts exact zeros of ReLU-like outputs, `saturatedShare` outputs at the ends of a sigmoid or tanh, `deadShare` units that have not fired since the run began. */
export const activationColumns = [
  'mean',
  'std',
  'zeroShare',
  'saturatedShare',
  'deadShare',
  'gradientRms',
  'gradientMaxAbs',
  'gradientNonFinite',
] as const;
export type ActivationColumn = (typeof activationColumns)[number];

/** Of one parameter w: its gradient before clipping, the norm of w before the step, and of the step Δw itself. */
export const parameterColumns = [
  'gradientNorm',
  'gradientMaxAbs',
  'gradientNonFinite',
  'weightNorm',
  'updateNorm',
] as const;
export type ParameterColumn = (typeof parameterColumns)[number];

export interface SourceLocation {
  file: string;
  /** 1-based, as in the stack trace of the exporter. */
  line: number;
}

export interface ParameterInfo {
  name: string;
  shape: readonly number[];
  size: number;
  trainable: boolean;
}

/** A named group of nodes in the user's module tree, in the order of the forward pass. */
export interface LayerInfo {
  /** Dotted, as in the module tree: `layers.3`. */
  name: string;
  /** The operator that does its work (`Gemm`, `Conv`, `Sigmoid`). */
  op: string;
  kind: LayerKind;
  parameters: readonly string[];
  /** The line that calls it. */
  source?: SourceLocation;
  /** The line of the statement that creates its module; known of captured models. */
  created?: SourceLocation;
  /** Elements of its output activation for a whole batch, where sizes are fixed. */
  outputSize?: number;
  /** Its output reaches the rest of the network through the shares of an attention alone: a query, a key, a gate that mixes. */
  scores?: true;
}

export const layerKinds = [
  'linear',
  'conv',
  'recurrent',
  'attention',
  'norm',
  'activation',
  'embedding',
  'pooling',
  'dropout',
  'other',
] as const;
export type LayerKind = (typeof layerKinds)[number];

/** ‖∂L/∂h_t‖ of a recurrent layer: `length` columns from `offset`, t ascending. */
export interface ThroughTimeColumns {
  layer: string;
  /** Which recurrence of a layer that has several, as PyTorch names their weights: `l0`, `l0_reverse`, `l1`. */
  part?: string;
  /** It goes from the last t to the first. */
  reverse?: boolean;
  offset: number;
  length: number;
}

/** How people call a recurrence: its layer, and which one of it. */
export const recurrenceName = ({ layer, part }: Pick<ThroughTimeColumns, 'layer' | 'part'>): string =>
  part === undefined ? layer : `${layer} ${part}`;

/**
 * Which column means what: `stepColumns`, then `activationColumns` of each layer, then `parameterColumns` of each
 * parameter, then the columns of the gradients through time.
 */
export interface TelemetryLayout {
  layers: readonly LayerInfo[];
  parameters: readonly ParameterInfo[];
  throughTime: readonly ThroughTimeColumns[];
}

export const stepColumn = (column: StepColumn): number => stepColumns.indexOf(column);

export const activationColumn = (layer: number, column: ActivationColumn): number =>
  stepColumns.length + layer * activationColumns.length + activationColumns.indexOf(column);

export const parameterColumn = (layout: TelemetryLayout, parameter: number, column: ParameterColumn): number =>
  stepColumns.length +
  layout.layers.length * activationColumns.length +
  parameter * parameterColumns.length +
  parameterColumns.indexOf(column);

/** Number of columns before the through-time section; its offsets start here. */
export const fixedWidth = (layout: Pick<TelemetryLayout, 'layers' | 'parameters'>): number =>
  stepColumns.length +
  layout.layers.length * activationColumns.length +
  layout.parameters.length * parameterColumns.length;

export const rowWidth = (layout: TelemetryLayout): number =>
  layout.throughTime.reduce((width, { offset, length }) => Math.max(width, offset + length), fixedWidth(layout));

/** An operator that cannot promise the same bits in every run. */
export interface UncertainOperator {
  op: string;
  why: string;
}

/** What is known of a run before its first step. */
export interface RunHeader {
  model: string;
  /** SHA-256 of the model file, hexadecimal. */
  modelHash: string;
  provider: string;
  /** Every setting that the run depended on, defaults filled in. */
  settings: ResolvedSettings;
  layout: TelemetryLayout;
  /** What the reader ought to know about how the model was read ("float16 computed in float32"). */
  notes: readonly string[];
  /** Of ONNX Runtime. */
  runtimeVersion?: string;
  /** Operators of the training step that may give other bits in another run. */
  uncertain?: readonly UncertainOperator[];
  /** Read from the graph: the output the loss takes already is a softmax or sigmoid that the loss applies again. */
  softmaxBeforeLoss?: { op: string; layer: string };
  /** Layers whose weights all have one value before training. */
  constantWeights?: readonly string[];
}

/** An experiment with every default decided. */
export type ResolvedSettings = Experiment &
  Required<Pick<Experiment, 'batch' | 'loss' | 'output' | 'mode' | 'threads'>>;

/** Consecutive steps: `count` rows of `rowWidth(layout)` columns, row-major. Step numbers are 0-based. */
export interface StepChunk {
  firstStep: number;
  count: number;
  rows: Float32Array;
}

/** Where the first number of a run that is not finite came from. */
export interface NonFiniteSource {
  step: number;
  /** In the update, the step before this one already made a weight that is not finite; `node` is its name. */
  phase: 'forward' | 'loss' | 'backward' | 'update';
  /** Name of the operator in the model; in the backward pass, one made for it. */
  node: string;
  op?: string;
  layer?: string;
}

export type RunEnd = (
  { kind: 'finished' } | { kind: 'stopped'; reason: string } | { kind: 'failed'; reason: string }
) & {
  /** Absent where every number is finite, or where it could not be found. */
  nonFinite?: NonFiniteSource;
};

/** A run as far as it has come. `rows` holds the steps from 0 on, row-major. */
export interface Run {
  header: RunHeader;
  steps: number;
  rows: Float32Array;
  end?: RunEnd;
}
