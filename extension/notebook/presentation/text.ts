/** An output as plain text: for a terminal, a diff, a reader without the extension. */
import { logarithmicBars, table } from '../../cli/table';
import { findingsReport } from '../../cli/run-report';
import { number } from '../../diagnosis/sentence';
import type {
  CellOutput,
  CompareOutput,
  PrescribeOutput,
  RunOutput,
  SweepOutput,
} from '../../protocol/notebook-output';
import { unpackFinding } from '../../protocol/panel-messages';
import { differences } from '../../protocol/run-differences';
import { searchOf } from '../../protocol/stored-search';
import { rankedTrials, trialName } from '../../protocol/trial-ranking';
import { lossesOf, seriesOf, verdictOf } from './summary';

const right = 'right';
/** Tables of more layers show every n-th. */
const mostLayers = 40;
/** The step that depth is shown at: early, while nothing has gone wrong for other reasons. */
export const earlyStep = 8;

export function textOf(output: CellOutput): string {
  switch (output.kind) {
    case 'run':
      return runText(output);
    case 'compare':
      return compareText(output);
    case 'sweep':
      return sweepText(output);
    case 'prescribe':
      return prescribeText(output);
  }
}

export const findingsOf = ({ findings }: Pick<RunOutput, 'findings'>) => findings.map(unpackFinding);

function runText(run: RunOutput): string {
  return [
    `${run.name}: ${verdictOf(run).text}`,
    ...settingsLines(run),
    ...run.notes.map((note) => `Note: ${note}`),
    '',
    layerTable(run),
    '',
    findingsReport(findingsOf(run)),
  ].join('\n');
}

export function settingsLines(run: RunOutput): string[] {
  const { model, provider, settings, steps, end, modelHash, versions, platform, uncertain } = run;
  const { optimizer, loss, batch, seed, mode, threads, remedies, schedule, data } = settings;
  const uses = [...(schedule ? [schedule] : []), ...remedies].map(({ id }) => id);
  const losses = lossesOf(run);
  return [
    `${model} on ${provider}, ${threads} threads: ${loss}, ${optimizer.id} lr ${optimizer.lr}, batch ${batch}, mode ${mode}, seed ${seed}${uses.length > 0 ? `, with ${uses.join(', ')}` : ''}`,
    `data ${data.kind === 'file' ? data.path : 'synthetic'}; model ${modelHash.slice(0, 12)}; ONNX Runtime ${versions.onnxRuntime ?? 'unknown'}, Gradient Doctor ${versions.gradientDoctor}, ${platform}`,
    `${steps} of ${settings.steps} steps, ${losses ? `loss ${number(losses.first)} → ${number(losses.last)}` : 'no step'}${end && end.kind !== 'finished' ? ` (${end.kind}: ${end.reason})` : ''}`,
    uncertain.length === 0
      ? 'Repeats bit for bit on this provider with this number of threads.'
      : `May differ in the last bits from run to run: ${uncertain.map(({ op, why }) => `${op} (${why})`).join('; ')}.`,
  ];
}

export function layerTable(run: RunOutput): string {
  const series = seriesOf(run);
  const sample = Math.min(series.length - 1, Math.max(0, series.indexOf(earlyStep)));
  const stride = Math.ceil(run.layers.length / mostLayers);
  const rows = run.layers.flatMap(({ name, op }, layer) =>
    layer % stride === 0
      ? [
          {
            name,
            op,
            std: series.at('std', layer, sample),
            weight: series.at('weightGradient', layer, sample),
            update: series.at('updateRatio', layer, sample),
            activation: series.at('activationGradient', layer, sample),
          },
        ]
      : [],
  );
  const bars = logarithmicBars(
    rows.map(({ activation }) => activation),
    20,
  );
  const cell = (value: number): string => (Number.isNaN(value) ? '' : number(value));
  return table(
    [
      { head: 'layer' },
      { head: 'op' },
      { head: 'std(a)', align: right },
      { head: '‖∂L/∂w‖', align: right },
      { head: 'update', align: right },
      { head: '∂L/∂a', align: right },
      { head: `RMS at step ${series.steps[sample] ?? 0}, log scale` },
    ],
    rows.map(({ name, op, std, weight, update, activation }, i) => [
      name || '(model)',
      op,
      cell(std),
      cell(weight),
      cell(update),
      cell(activation),
      bars[i]!,
    ]),
  );
}

function compareText({ runs, outdated }: CompareOutput): string {
  const { columns, rows } = comparison(runs);
  return [
    table(
      columns.map((head, i) => ({ head, ...(i > 0 ? { align: right } : {}) })),
      rows,
    ),
    ...outdated.map((name) => `${name}: its cell has changed since this run.`),
  ].join('\n');
}

/** Runs as rows; besides what came out, only the settings that differ are columns. */
export function comparison(runs: readonly RunOutput[]): { columns: string[]; rows: string[][] } {
  const different = differences(runs);
  return {
    columns: ['run', 'verdict', 'last loss', 'steps', ...different.map(({ path }) => path)],
    rows: runs.map((run, i) => [
      run.name,
      verdictOf(run).text,
      number(lossesOf(run)?.last ?? NaN),
      String(run.steps),
      ...different.map(({ values }) => values[i] ?? '—'),
    ]),
  };
}

function sweepText(output: SweepOutput): string {
  const { columns, rows } = sweepTable(output);
  return [
    `${output.run}: ${verdictOf(output).text}`,
    table(
      columns.map((head) => ({ head, align: right })),
      rows,
    ),
  ].join('\n');
}

export function sweepTable({ axes, points }: SweepOutput): { columns: string[]; rows: string[][] } {
  return {
    columns: [...axes.map(({ path }) => path), 'verdict', 'loss', 'gradient, smallest : largest'],
    rows: points.map(({ values, findings, end, loss, gradientRatio }) => [
      ...values.map(String),
      pointVerdict({ findings, end }),
      loss === 'NaN' ? '' : number(Number(loss)),
      gradientRatio === 'NaN' ? '' : number(Number(gradientRatio)),
    ]),
  };
}

export function pointVerdict({ findings, end }: Pick<SweepOutput['points'][number], 'findings' | 'end'>): string {
  if (end.kind === 'failed') return `failed: ${end.reason}`;
  const worst = findings.filter(({ severity }) => severity !== 'information');
  return worst.length === 0 ? 'healthy' : worst.map(({ symptom }) => symptom).join(', ');
}

function prescribeText(output: PrescribeOutput): string {
  const { columns, rows } = trialTable(output);
  return [
    `${output.run}: ${verdictOf(output).text}`,
    ...(output.baseline ? [findingsReport(findingsOf(output.baseline))] : []),
    ...(rows.length > 0
      ? [
          table(
            columns.map((head) => ({ head })),
            rows,
          ),
        ]
      : []),
    ...(output.prescriptions ?? []).slice(0, 1).map((best) => `Prescription: ${trialName(best)}. ${best.why}`),
  ].join('\n\n');
}

/** The best first, as the panel ranks them. */
export function trialTable(output: PrescribeOutput): { columns: string[]; rows: string[][] } {
  return {
    columns: ['trial', 'outcome', 'health', 'loss', 'step', 'why'],
    rows: rankedTrials(searchOf(output))
      .map((index) => output.trials[index]!)
      .map((trial) => [
        trialName(trial),
        trial.outcome,
        trial.effect ? Number(trial.effect.healthAfter).toFixed(2) : '',
        trial.effect ? number(Number(trial.effect.lossAfter)) : '',
        trial.effect ? `×${Number(trial.effect.timeStepRatio).toFixed(2)}` : '',
        trial.why,
      ]),
  };
}
