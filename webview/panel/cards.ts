import {
  depthProfile,
  layerHeatMap,
  lossAndLearningRate,
  overSteps,
  quantityTexts,
  throughTimeCurve,
  throughTimeHeatMap,
  wholeGradient,
  type View,
} from '../charts/figures';
import type { Quantity } from '../charts/run-series';
import { recurrenceName } from '../../extension/protocol/run';
import { t } from '../ui/l10n';
import type { Choice } from '../ui/widgets';
import type { CardDefinition } from './figure-card';

/** The quantities of these that some layer of the run has. */
const present = (view: View, ...of: Quantity[]): Choice[] =>
  of
    .filter((quantity) => view.runs[0].series.layersWith(quantity).length > 0)
    .map((quantity) => ({ value: quantity, label: t(quantityTexts[quantity].title) }));

const quantity = (heading: string, ...of: Quantity[]): NonNullable<CardDefinition['choices']> => ({
  label: t('Quantity'),
  heading,
  of: (view) => present(view, ...of),
});

const gradients: readonly Quantity[] = ['weightGradient', 'activationGradient'];
const statistics: readonly Quantity[] = ['std', 'mean', 'saturatedShare', 'zeroShare', 'deadShare'];

/** What the statistics are called under a heading that says of what. */
const statisticNames = (): Readonly<Partial<Record<Quantity, string>>> => ({
  std: t('Standard deviation'),
  mean: t('Mean'),
  saturatedShare: t('Saturated units'),
  zeroShare: t('Zeros'),
  deadShare: t('Dead units'),
});

/** The charts of the panel, what matters most first. */
export const cardDefinitions = (): readonly CardDefinition[] => [
  { id: 'profile', along: 'layer', figure: depthProfile },
  {
    id: 'gradients',
    along: 'step',
    choices: quantity(t('Over the steps'), ...gradients),
    figure: (view, _, choice) => (choice ? overSteps(view, choice as Quantity) : undefined),
  },
  {
    id: 'heat-map',
    along: 'step',
    choices: quantity(t('Layer × step'), ...gradients, 'updateRatio', ...statistics),
    figure: (view, _, choice) => (choice ? layerHeatMap(view, choice as Quantity) : undefined),
  },
  { id: 'loss', along: 'step', figure: lossAndLearningRate },
  { id: 'whole-gradient', along: 'step', figure: wholeGradient },
  { id: 'update-ratio', along: 'step', figure: (view) => overSteps(view, 'updateRatio') },
  {
    id: 'activations',
    along: 'step',
    choices: {
      label: t('Quantity'),
      heading: t('Activations'),
      of: (view) =>
        present(view, ...statistics).map(({ value, label }) => ({
          value,
          label: statisticNames()[value as Quantity] ?? label,
        })),
    },
    figure: (view, _, choice) => (choice ? overSteps(view, choice as Quantity) : undefined),
  },
  {
    id: 'through-time',
    along: 'time',
    figure: (view, step) => (hasTime(view) ? throughTimeCurve(view, step) : undefined),
  },
  {
    id: 'through-time-heat-map',
    along: 'step',
    choices: {
      label: t('Recurrent layer'),
      heading: t('Time × step'),
      of: (view) =>
        view.runs[0].series.layout.throughTime.map((columns, index) => ({
          value: String(index),
          label: recurrenceName(columns),
        })),
    },
    figure: (view, _, choice) => (choice ? throughTimeHeatMap(view, Number(choice)) : undefined),
  },
];

const hasTime = (view: View): boolean => view.runs.some(({ series }) => series.layout.throughTime.length > 0);
