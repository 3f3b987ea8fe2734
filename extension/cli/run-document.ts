/** A run and its findings as the JSON document of the contract. */
import type { Finding } from '../protocol/finding';
import type { LayerInfo, ResolvedSettings, Run } from '../protocol/run';
import { Telemetry } from '../protocol/telemetry';

/** Null where nothing was measured: the shares of another kind of activation, the gradients of a frozen layer. */
type Measured = number | null;

interface LayerDocument {
  name: string;
  activation: { mean: Measured; std: Measured; zeroShare: Measured; saturatedShare: Measured };
  activationGradient: { rms: Measured; maxAbs: Measured; nonFinite: Measured };
  gradient: { norm: Measured; rms: Measured; maxAbs: Measured; nonFinite: Measured };
  weightNorm: Measured;
  updateNorm: Measured;
}

interface StepDocument {
  step: number;
  loss: number;
  learningRate: number;
  validationLoss?: number;
  layers: LayerDocument[];
  /** ‖∂L/∂h_t‖ of every recurrence, t ascending; left out of a model that has none. */
  throughTime?: { layer: string; part?: string; reverse?: boolean; norms: number[] }[];
}

export interface RunDocument {
  model: string;
  provider: string;
  settings: ResolvedSettings;
  layers: Pick<LayerInfo, 'name' | 'op' | 'kind' | 'parameters' | 'source' | 'created'>[];
  steps: StepDocument[];
  findings: readonly Finding[];
  stopped?: string;
}

export function runDocument(run: Run, findings: readonly Finding[]): RunDocument {
  const telemetry = new Telemetry(run);
  const { model, provider, settings, layout } = run.header;
  return {
    model,
    provider,
    settings,
    layers: layout.layers.map(({ name, op, kind, parameters, source, created }) => ({
      name,
      op,
      kind,
      parameters,
      source,
      created,
    })),
    steps: Array.from({ length: run.steps }, (_, step) => stepDocument(telemetry, step)),
    findings,
    ...(run.end?.kind === 'stopped' && { stopped: run.end.reason }),
  };
}

function stepDocument(telemetry: Telemetry, step: number): StepDocument {
  const validationLoss = telemetry.step(step, 'validationLoss');
  const recurrences = telemetry.run.header.layout.throughTime;
  return {
    step,
    loss: short(telemetry.loss(step)),
    learningRate: short(telemetry.step(step, 'learningRate')),
    ...(!Number.isNaN(validationLoss) && { validationLoss: short(validationLoss) }),
    layers: telemetry.layers.map((_, layer) => layerDocument(telemetry, step, layer)),
    ...(recurrences.length > 0 && {
      throughTime: telemetry.throughTime(step).map((norms, i) => {
        const { layer, part, reverse } = recurrences[i]!;
        return { layer, ...(part && { part }), ...(reverse && { reverse }), norms: Array.from(norms, short) };
      }),
    }),
  };
}

function layerDocument(telemetry: Telemetry, step: number, layer: number): LayerDocument {
  const activation = (column: Parameters<Telemetry['activation']>[2]): number =>
    short(telemetry.activation(step, layer, column));
  const share = (column: 'zeroShare' | 'saturatedShare'): Measured => {
    const value = activation(column);
    return Number.isNaN(value) ? null : value;
  };
  const nonFinite = activation('gradientNonFinite');
  const reached = !Number.isNaN(nonFinite);
  const weights = telemetry.weights(step, layer);
  return {
    name: telemetry.layers[layer]!.name,
    activation: {
      mean: activation('mean'),
      std: activation('std'),
      zeroShare: share('zeroShare'),
      saturatedShare: share('saturatedShare'),
    },
    activationGradient: reached
      ? { rms: activation('gradientRms'), maxAbs: activation('gradientMaxAbs'), nonFinite }
      : { rms: null, maxAbs: null, nonFinite: null },
    gradient: weights
      ? {
          norm: short(weights.norm),
          rms: short(weights.rms),
          maxAbs: short(weights.maxAbs),
          nonFinite: weights.nonFinite,
        }
      : { norm: null, rms: null, maxAbs: null, nonFinite: null },
    weightNorm: weights ? short(weights.weightNorm) : null,
    updateNorm: weights ? short(weights.updateNorm) : null,
  };
}

const smallestFull = 2 ** -126;

/** The shortest decimal that is the same float32: what the runtime computed, without the tail of its float64 form. */
function short(value: number): number {
  // Sums over a layer can be smaller than what float32 keeps in full.
  if (!Number.isFinite(value) || Math.abs(value) < smallestFull) return value;
  const single = Math.fround(value);
  for (let digits = 6; digits < 9; digits++) {
    const candidate = Number(single.toPrecision(digits));
    if (Math.fround(candidate) === single) return candidate;
  }
  return Number(single.toPrecision(9));
}
