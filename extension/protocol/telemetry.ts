/** Reads the rows of a run by name, and adds the parameters of a layer up. */
import {
  activationColumn,
  parameterColumn,
  rowWidth,
  stepColumn,
  type ActivationColumn,
  type LayerInfo,
  type ParameterColumn,
  type Run,
  type StepColumn,
} from './run';

/** Of all trained parameters of a layer together, at one step. NaN where nothing was measured. */
export interface WeightTelemetry {
  /** ‖∂L/∂w‖ before clipping, its root mean square per element, its largest element, and how many are not finite. */
  norm: number;
  rms: number;
  maxAbs: number;
  nonFinite: number;
  /** Before the step. */
  weightNorm: number;
  /** Of the step Δw itself. */
  updateNorm: number;
}

export class Telemetry {
  readonly layers: readonly LayerInfo[];
  readonly steps: number;
  private readonly width: number;
  /** Of each layer, the indices of its trained parameters in the layout. */
  private readonly trained: readonly (readonly number[])[];

  constructor(readonly run: Run) {
    const { layout } = run.header;
    this.layers = layout.layers;
    this.steps = run.steps;
    this.width = rowWidth(layout);
    const indices = new Map(layout.parameters.map(({ name }, index) => [name, index]));
    this.trained = layout.layers.map(({ parameters }) =>
      parameters.flatMap((name) => indices.get(name) ?? []).filter((index) => layout.parameters[index]!.trainable),
    );
  }

  /** NaN where the trainer did not fill the column. */
  step(step: number, column: StepColumn): number {
    return this.at(step, stepColumn(column));
  }

  loss(step: number): number {
    return this.step(step, 'loss');
  }

  activation(step: number, layer: number, column: ActivationColumn): number {
    return this.at(step, activationColumn(layer, column));
  }

  parameter(step: number, parameter: number, column: ParameterColumn): number {
    return this.at(step, parameterColumn(this.run.header.layout, parameter, column));
  }

  /** Undefined for a layer without trained parameters. */
  weights(step: number, layer: number): WeightTelemetry | undefined {
    // A frozen parameter has no gradient, and no part in the layer's.
    const parameters = this.trained[layer]!.filter(
      (parameter) => !Number.isNaN(this.parameter(step, parameter, 'gradientNonFinite')),
    );
    if (parameters.length === 0) return undefined;
    const all = (column: ParameterColumn): number[] =>
      parameters.map((parameter) => this.parameter(step, parameter, column));
    const norm = Math.hypot(...all('gradientNorm'));
    const size = parameters.reduce((sum, parameter) => sum + this.run.header.layout.parameters[parameter]!.size, 0);
    return {
      norm,
      rms: norm / Math.sqrt(size),
      maxAbs: Math.max(...all('gradientMaxAbs')),
      nonFinite: all('gradientNonFinite').reduce((sum, count) => sum + count, 0),
      weightNorm: Math.hypot(...all('weightNorm')),
      updateNorm: Math.hypot(...all('updateNorm')),
    };
  }

  /** ‖∂L/∂h_t‖ of the recurrent layers, t ascending, in the order of the layout. */
  throughTime(step: number): Float32Array[] {
    const row = step * this.width;
    return this.run.header.layout.throughTime.map(({ offset, length }) =>
      this.run.rows.subarray(row + offset, row + offset + length),
    );
  }

  private at(step: number, column: number): number {
    return this.run.rows[step * this.width + column]!;
  }
}
