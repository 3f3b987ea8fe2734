/** What a trial changed: the curves of the run before it, dimmed, and its own, on the same axes. */
import type { ThemeKind } from './colors';
import { runColor } from './colors';
import type { Line, LineFigure } from './figure';
import { extentOf, fittingScale, valueAxis } from './figures';
import type { Curves, GradientByDepth } from '../../extension/protocol/prescription';

export interface TrialCurves {
  before: Curves;
  after: Curves;
  /** What the trial is called. */
  name: string;
}

interface Look {
  theme: ThemeKind;
  /** Translates; places are {0}, {1}. */
  t: (text: string, ...values: (string | number)[]) => string;
}

/** The grey of the palette, half there. */
const dimmed = (theme: ThemeKind): string => `${runColor(6, theme)}a0`;

/** The loss over the steps, before and after. */
export function trialLoss({ before, after, name }: TrialCurves, { theme, t }: Look): LineFigure {
  const line = (label: string, { losses }: Curves, color: string): Line => ({
    label,
    color,
    width: 2,
    x: Array.from(losses, (_, step) => step),
    y: losses,
    length: losses.length,
  });
  const lines = [line(t('before'), before, dimmed(theme)), line(name, after, runColor(0, theme))];
  const extent = extentOf(lines);
  return {
    kind: 'lines',
    title: t('Loss, before and after'),
    x: { label: t('step'), scale: 'linear', min: 0, max: Math.max(1, ...lines.map(({ length }) => length - 1)) },
    y: valueAxis(t('loss'), fittingScale(extent), extent),
    lines,
  };
}

/** The gradient of the early steps by depth, before and after: of the weights solid, of the activations dashed. */
export function trialGradients({ before, after, name }: TrialCurves, { theme, t }: Look): LineFigure {
  const names = [before.weightGradient, before.activationGradient, after.weightGradient, after.activationGradient]
    .map((gradient) => gradient.map(({ layer }) => layer))
    .reduce(mergedOrder);
  const place = new Map(names.map((layer, index) => [layer, index]));
  const line = (label: string, gradient: GradientByDepth, color: string, dash?: readonly number[]): Line => {
    return {
      label,
      color,
      dash,
      width: 2,
      x: gradient.map(({ layer }) => place.get(layer)!),
      y: gradient.map(({ magnitude }) => magnitude),
      length: gradient.length,
      points: () => color,
    };
  };
  const both = (label: string, { weightGradient, activationGradient }: Curves, color: string): Line[] => [
    line(t('{0}: {1}', label, t('weights')), weightGradient, color),
    line(t('{0}: {1}', label, t('activations')), activationGradient, color, [5, 4]),
  ];
  const lines = [...both(t('before'), before, dimmed(theme)), ...both(name, after, runColor(0, theme))];
  return {
    kind: 'lines',
    title: t('Gradient by depth, before and after'),
    x: {
      label: t('layer, from input to output'),
      scale: 'linear',
      min: -0.5,
      max: Math.max(0.5, names.length - 0.5),
      names,
    },
    y: valueAxis(t('size of the gradient in the first steps'), 'log', extentOf(lines)),
    lines,
  };
}

/** All names of both lists: the first keeps its order, what only the second has follows what it follows there. */
export function mergedOrder(first: readonly string[], second: readonly string[]): string[] {
  const merged = [...first];
  const known = new Set(first);
  second.forEach((name, index) => {
    if (known.has(name)) return;
    known.add(name);
    merged.splice(index === 0 ? 0 : merged.indexOf(second[index - 1]!) + 1, 0, name);
  });
  return merged;
}
