/**
 * Gradients by depth: one magnitude per weight layer, in the order of the forward pass, judged on the early steps,
 * before a head that learns alone can hide a starved body.
 */
import type { LayerKind } from '../protocol/run';
import type { Telemetry } from '../protocol/telemetry';
import { median, range } from './statistics';

export interface DepthProfile {
  /** What was measured, as sentences name it. */
  measure: '∂L/∂weight' | '∂L/∂activation';
  points: readonly { layer: string; magnitude: number }[];
  /** Those of the points that have no say in the comparison of first and last. */
  unlike: ReadonlySet<string>;
}

/** Layers whose weights multiply what passes through. Norms and embeddings have gradients on scales of their own. */
const weightKinds: ReadonlySet<LayerKind> = new Set(['linear', 'conv', 'recurrent', 'attention']);

const earlySteps = 10;

/** Indices of the layers whose gradients are measured by depth. */
export const weightLayers = (telemetry: Telemetry): number[] =>
  range(telemetry.layers.length).filter((layer) => weightKinds.has(telemetry.layers[layer]!.kind));

/**
 * Those of them that are alike. The gradient of a query or a key is as small as the differences between what is attended
 * to, next to nothing while the shares are all but equal, in the last block as in the first: that is no decay with depth.
 */
export const alikeWeightLayers = (telemetry: Telemetry): number[] =>
  weightLayers(telemetry).filter((layer) => !telemetry.layers[layer]!.scores);

const finiteSteps = (telemetry: Telemetry): number[] =>
  range(telemetry.steps).filter((step) => Number.isFinite(telemetry.loss(step)));

/** The first steps whose loss is finite. */
export const earlyWindow = (telemetry: Telemetry): number[] => finiteSteps(telemetry).slice(0, earlySteps);

/** The last steps whose loss is finite; none before the early ones are over. */
export const lateWindow = (telemetry: Telemetry): number[] =>
  finiteSteps(telemetry).slice(earlySteps).slice(-earlySteps);

/** Root mean square of ∂L/∂weight per element. */
export const weightGradientProfile = (telemetry: Telemetry, window = earlyWindow(telemetry)): DepthProfile =>
  profile(telemetry, window, '∂L/∂weight', (step, layer) => telemetry.weights(step, layer)?.rms);

/**
 * Norm of ∂L/∂activation. Not per element: pooling and flattening spread one gradient over many elements or gather it,
 * which is no loss of gradient; the norm sees a pooling over n elements as 1/√n or 1 where the elements see 1/n.
 */
export const activationGradientProfile = (telemetry: Telemetry, window = earlyWindow(telemetry)): DepthProfile =>
  profile(
    telemetry,
    window,
    '∂L/∂activation',
    (step, layer) =>
      telemetry.activation(step, layer, 'gradientRms') * Math.sqrt(telemetry.layers[layer]!.outputSize ?? 1),
  );

function profile(
  telemetry: Telemetry,
  window: readonly number[],
  measure: DepthProfile['measure'],
  magnitudeAt: (step: number, layer: number) => number | undefined,
): DepthProfile {
  const points = weightLayers(telemetry).flatMap((layer) => {
    const magnitudes = window.map((step) => magnitudeAt(step, layer) ?? NaN).filter(Number.isFinite);
    return magnitudes.length > 0 ? [{ layer: telemetry.layers[layer]!.name, magnitude: median(magnitudes) }] : [];
  });
  const unlike = telemetry.layers.filter(({ scores }) => scores).map(({ name }) => name);
  return { measure, points, unlike: new Set(unlike) };
}

export interface DepthRatio {
  measure: DepthProfile['measure'];
  /** Typical magnitude of the first quarter of the layers, of the last quarter, and the first over the last. */
  first: number;
  last: number;
  ratio: number;
  /** Layers with their own magnitude over `last`, in the order of the forward pass. */
  layers: readonly { layer: string; ratio: number }[];
}

/** Undefined for fewer than two layers, or where the last layers receive nothing either. */
export function depthRatio({ measure, points: all, unlike }: DepthProfile): DepthRatio | undefined {
  const points = all.filter(({ layer }) => !unlike.has(layer));
  if (points.length < 2) return undefined;
  // Medians over a quarter, so that one odd layer (a gate, a zero-initialised branch) decides nothing.
  const quarter = Math.max(1, Math.floor(points.length / 4));
  const typical = (some: typeof points): number => median(some.map(({ magnitude }) => magnitude));
  const first = typical(points.slice(0, quarter));
  const last = typical(points.slice(-quarter));
  if (last === 0) return undefined;
  return {
    measure,
    first,
    last,
    ratio: first / last,
    layers: points.map(({ layer, magnitude }) => ({ layer, ratio: magnitude / last })),
  };
}
