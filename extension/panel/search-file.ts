/**
 * A search for a prescription on disk, `<run>.trials`: one JSON document a line, appended as the trials come, so that a
 * search survives a reload, or a crash, up to its last complete trial.
 */
import { packFinding, unpackFinding, type PackedFinding, type PackedNumber } from '../protocol/panel-messages';
import type { Curves, Effect, GradientByDepth, Prescription, Search, SearchEnd, Trial } from '../protocol/prescription';
import { toJson } from '../protocol/json';
import { prescribedTrials } from '../protocol/trial-ranking';

const formatVersion = 1;

type Packed<T> = { readonly [Key in keyof T]: PackedNumber };

interface StoredCurves {
  /** Little-endian float32, base64. */
  losses: string;
  weightGradient: readonly (readonly [layer: string, magnitude: PackedNumber])[];
  activationGradient: readonly (readonly [layer: string, magnitude: PackedNumber])[];
}

type StoredTrial = Omit<Trial, 'effect' | 'findings' | 'curves'> & {
  effect?: Packed<Effect>;
  findings: readonly PackedFinding[];
  curves?: StoredCurves;
};

type Line =
  | { version: number; budget: number }
  | { baseline: StoredCurves }
  | { trial: StoredTrial }
  | { end: SearchEnd; prescriptions: readonly { trial: number; healthy: boolean; seeds: readonly number[] }[] };

const line = (content: Line): string => `${toJson(content)}\n`;

export const firstLine = (budget: number): string => line({ version: formatVersion, budget });

export const baselineLine = (baseline: Curves): string => line({ baseline: storedCurves(baseline) });

export const trialLine = ({ effect, findings, curves, ...trial }: Trial): string =>
  line({
    trial: {
      ...trial,
      // Numbers that are not finite become strings as they are written.
      ...(effect && { effect: { ...effect } }),
      findings: findings.map(packFinding),
      ...(curves && { curves: storedCurves(curves) }),
    },
  });

export const lastLine = (search: Search, end: SearchEnd): string => {
  const indices = prescribedTrials(search);
  return line({
    end,
    prescriptions: search.prescriptions.map(({ healthy, seeds }, index) => ({
      trial: indices[index]!,
      healthy,
      seeds,
    })),
  });
};

/**
 * Undefined where the first line is not one of this format. What follows a line that was not written to its end is lost.
 * @param cutOff the end of a search that has none of its own
 */
export function readSearch(text: string, cutOff: SearchEnd): Search | undefined {
  let search: Search | undefined;
  for (const read of text.split('\n')) {
    const content = parse(read);
    if (!content) break;
    if ('version' in content) {
      if (content.version !== formatVersion) return undefined;
      search = { budget: content.budget, trials: [], prescriptions: [], end: cutOff };
    } else if (!search) return undefined;
    else if ('baseline' in content) search = { ...search, baseline: curvesOf(content.baseline) };
    else if ('trial' in content) search = { ...search, trials: [...search.trials, trialOf(content.trial)] };
    else {
      const { trials } = search;
      search = {
        ...search,
        end: content.end,
        prescriptions: content.prescriptions.map(
          ({ trial, ...held }) => ({ ...trials[trial]!, ...held }) as Prescription,
        ),
      };
    }
  }
  return search;
}

function parse(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}

const trialOf = ({ effect, findings, curves, ...trial }: StoredTrial): Trial => ({
  ...trial,
  ...(effect && { effect: numbers(effect) }),
  findings: findings.map(unpackFinding),
  ...(curves && { curves: curvesOf(curves) }),
});

const numbers = (effect: Packed<Effect>): Effect =>
  Object.fromEntries(Object.entries(effect).map(([name, value]) => [name, Number(value)])) as unknown as Effect;

function storedCurves({ losses, weightGradient, activationGradient }: Curves): StoredCurves {
  const stored = (gradient: GradientByDepth) => gradient.map(({ layer, magnitude }) => [layer, magnitude] as const);
  return {
    losses: Buffer.from(losses.buffer, losses.byteOffset, losses.byteLength).toString('base64'),
    weightGradient: stored(weightGradient),
    activationGradient: stored(activationGradient),
  };
}

function curvesOf({ losses, weightGradient, activationGradient }: StoredCurves): Curves {
  const bytes = Uint8Array.from(Buffer.from(losses, 'base64'));
  const read = (gradient: StoredCurves['weightGradient']): GradientByDepth =>
    gradient.map(([layer, magnitude]) => ({ layer, magnitude: Number(magnitude) }));
  return {
    losses: new Float32Array(bytes.buffer),
    weightGradient: read(weightGradient),
    activationGradient: read(activationGradient),
  };
}
