/** The same remedies on a single unit: the smallest edit is the one of the statement that is to blame. */
import { earlyWindow } from '../diagnosis/depth-profile';
import { median, range } from '../diagnosis/statistics';
import type { Use } from '../protocol/experiment';
import type { Finding } from '../protocol/finding';
import type { LayerKind, Run } from '../protocol/run';
import { Telemetry } from '../protocol/telemetry';
import { findRemedy } from './index';
import type { RemedyFamily } from './remedy';
import { inUnits, unitsOf } from './units';

/** The layers that remedies of a family change; nothing for those that are of the whole network or of its training. */
const changed: Readonly<Partial<Record<RemedyFamily, readonly LayerKind[]>>> = {
  initialization: ['linear', 'conv', 'recurrent'],
  normalization: ['linear', 'conv', 'recurrent'],
  gate: ['linear', 'conv', 'recurrent'],
  activation: ['activation'],
};

/** So many units are tried: the cause is among the first, or it is not in one place. */
const mostSuspects = 2;

/**
 * Restrictions of a remedy to one unit each, the most suspected first. None where the remedy has no parts, where the
 * network has one unit that it could be for, or where the uses hold several remedies with parts.
 */
export function narrowed(uses: readonly Use[], baseline: Run, findings: readonly Finding[]): Use[][] {
  const divisible = uses.filter((use) => !use.units && kindsOf(use));
  const [use] = divisible;
  if (!use || divisible.length > 1) return [];
  const kinds = kindsOf(use)!;
  const telemetry = new Telemetry(baseline);
  const units = unitsOf(telemetry.layers.filter(({ kind }) => kinds.includes(kind)));
  if (units.length < 2) return [];
  const blame = blameOf(telemetry, findings);
  const blameOfUnit = (names: readonly string[]): number =>
    Math.max(...telemetry.layers.map(({ name }, layer) => (inUnits(name, names) ? blame[layer]! : -Infinity)));
  return units
    .map((names) => ({ names, blame: blameOfUnit(names) }))
    .sort((a, b) => b.blame - a.blame)
    .slice(0, mostSuspects)
    .map(({ names }) => uses.map((each) => (each === use ? { ...use, units: names } : each)));
}

const kindsOf = ({ id }: Use): readonly LayerKind[] | undefined => {
  const remedy = findRemedy(id);
  return remedy && !remedy.isIndivisible ? changed[remedy.family] : undefined;
};

/**
 * How far each layer is out of line with the others: by how many decades the scale changes in it, of the activations on
 * their way forward or of their gradients on the way back, more than in the usual layer. Layers whose weights all are
 * alike come before any other.
 */
function blameOf(telemetry: Telemetry, findings: readonly Finding[]): number[] {
  const window = earlyWindow(telemetry);
  const typical = (layer: number, column: 'std' | 'gradientRms'): number =>
    median(window.map((step) => telemetry.activation(step, layer, column)).filter(Number.isFinite));
  const scales = telemetry.layers.map(({ outputSize = 1 }, layer) => ({
    forward: typical(layer, 'std'),
    back: typical(layer, 'gradientRms') * Math.sqrt(outputSize),
  }));
  const jumps = range(telemetry.layers.length).map((layer) => {
    const [here, before] = [scales[layer]!, scales[layer - 1]];
    return before ? decades(here.forward, before.forward) + decades(here.back, before.back) : 0;
  });
  const usual = median(jumps);
  const alike = new Set(telemetry.run.header.constantWeights);
  const named = new Set(
    findings
      .filter(({ symptom }) => symptom === 'dead-units' || symptom === 'saturated-units')
      .flatMap(({ layers }) => layers),
  );
  return telemetry.layers.map(
    ({ name }, layer) => (alike.has(name) ? Infinity : 0) + (named.has(name) ? 1 : 0) + jumps[layer]! - usual,
  );
}

/** Between two scales; a scale of nothing is as far from any other as float32 goes, and two of them are alike. */
const decades = (a: number, b: number): number => {
  if (Number.isNaN(a) || Number.isNaN(b)) return 0;
  const exponent = (scale: number): number => Math.log10(Math.min(1e38, Math.max(1e-38, scale)));
  return Math.abs(exponent(a) - exponent(b));
};
