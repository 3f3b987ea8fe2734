import { existsSync, readFileSync } from 'node:fs';
import { diagnose } from '../diagnosis/diagnose';
import { number } from '../diagnosis/sentence';
import type { Prescription, Trial } from '../protocol/prescription';
import { prescribedTrials, rankedTrials, trialName } from '../protocol/trial-ranking';
import { editsOf } from '../remedies/source-edits/prescription-edits';
import { prescribe, type PrescribeResult } from '../remedies/prescribe';
import { runTrial } from '../remedies/trial-run';
import type { RegisterCommand } from './command';
import { exitCodeOf } from './diagnose';
import { experimentOf, experimentOptions, type ExperimentOptions } from './experiment-options';
import { jsonOption, numberAtLeast, type OutputOptions } from './options';
import { prescribeDocument } from './prescribe-document';
import { findingsReport } from './run-report';
import { sourcesFrom } from './source-places';
import { table } from './table';
import { thresholdOption, type ThresholdOptions } from './thresholds';

interface PrescribeCommandOptions extends ExperimentOptions, OutputOptions, ThresholdOptions {
  budget: number;
}

export const registerPrescribe: RegisterCommand = (program, context) => {
  const command = program
    .command('prescribe')
    .description('diagnose, try remedies on the model, and rank them by what they did')
    .argument('<model>', 'ONNX file, or the folder of a capture')
    .option('--budget <seconds>', 'time for trials', numberAtLeast(0, { beyond: true }), 60);
  thresholdOption(experimentOptions(jsonOption(command))).action(
    async (model: string, options: PrescribeCommandOptions) => {
      const { engine, terminal, request } = context;
      const experiment = await experimentOf(model, options);
      const result = await prescribe(
        experiment,
        {
          train: (experiment, signal, isHopeless) => runTrial(engine, experiment, signal, isHopeless),
          diagnose: (run) => diagnose(run, options.threshold),
          now: () => performance.now() / 1000,
        },
        {
          budget: options.budget,
          signal: request.signal,
          onUpcoming: ({ seed, left, ...trial }) => {
            const rest = left > 0 ? `, ${left} left` : '';
            const what =
              seed === undefined ? `Trying ${trialName(trial)}` : `Repeating ${trialName(trial)}, seed ${seed}`;
            terminal.progress(what + rest);
          },
        },
      );
      const layers = sourcesFrom(result.baseline.run.header.layout.layers, experiment.model, existsSync);
      const script = experiment.capture?.script;
      if (options.json)
        terminal.printJson(prescribeDocument(result, (each) => editsOf(each, layers, readText, script)));
      else terminal.print(prescribeReport(result));
      context.exitCode = exitCodeOf(result.baseline.findings);
    },
  );
};

/** A model may come from another machine, where its source was. */
const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

export function prescribeReport({ baseline, trials, prescriptions }: PrescribeResult): string {
  const parts = [findingsReport(baseline.findings)];
  if (trials.length > 0) parts.push(trialTable(trials, prescriptions), advice(trials, prescriptions));
  return parts.join('\n\n');
}

/** Ranked; what was not tried for one and the same reason is named in one line. */
function trialTable(trials: readonly Trial[], prescriptions: readonly Prescription[]): string {
  const search = { trials, prescriptions };
  const repeated = new Map(prescribedTrials(search).map((trial, i) => [trial, prescriptions[i]!]));
  const skipped = new Map<string, string[]>();
  for (const trial of trials)
    if (trial.outcome === 'skipped') skipped.set(trial.why, [...(skipped.get(trial.why) ?? []), trialName(trial)]);
  const together = [...skipped].filter(([, names]) => names.length > 1);
  const reasons = new Set(together.map(([why]) => why));
  const rows = rankedTrials(search)
    .filter((index) => trials[index]!.outcome !== 'skipped' || !reasons.has(trials[index]!.why))
    .map((index) => ({ ...trials[index]!, why: trials[index]!.why + repetition(repeated.get(index)) }));
  return [
    ...(rows.length > 0 ? [measuredTable(rows)] : []),
    ...together.map(([why, names]) => `${why} Not tried: ${names.join(', ')}.`),
  ].join('\n\n');
}

/** What other seeds said of a trial that was healthy. */
function repetition(prescription: Prescription | undefined): string {
  if (!prescription || prescription.seeds.length < 2) return '';
  const { healthy, seeds } = prescription;
  return healthy ? ` So with seeds ${seeds.slice(1).join(' and ')}.` : ` Not so with seed ${seeds.at(-1)}.`;
}

const measuredTable = (trials: readonly Trial[]): string =>
  table(
    [
      { head: 'trial' },
      { head: 'outcome' },
      { head: 'health', align: 'right' },
      { head: 'loss', align: 'right' },
      { head: 'step', align: 'right' },
      { head: 'why' },
    ],
    trials.map((trial) => [
      trialName(trial),
      trial.outcome,
      trial.effect ? trial.effect.healthAfter.toFixed(2) : '',
      trial.effect ? number(trial.effect.lossAfter) : '',
      trial.effect ? `×${trial.effect.timeStepRatio.toFixed(2)}` : '',
      trial.why,
    ]),
  );

function advice(trials: readonly Trial[], prescriptions: readonly Prescription[]): string {
  const [best] = prescriptions;
  if (!best) return trials.some(({ effect }) => effect) ? 'Nothing that was tried helps.' : 'Nothing was tried.';
  const { lossBefore, lossAfter, parametersAdded } = best.effect;
  const cost = parametersAdded === 0 ? '' : `, ${parametersAdded > 0 ? '+' : ''}${parametersAdded} weights`;
  const held = best.healthy
    ? `healthy on ${best.seeds.length === 1 ? 'seed' : 'seeds'} ${best.seeds.join(', ')}`
    : best.outcome === 'healthy'
      ? `healthy, but not with seed ${best.seeds.at(-1)}`
      : 'better, but not healthy';
  return `Prescription: ${trialName(best)} (loss ${number(lossBefore)} → ${number(lossAfter)}${cost}; ${held}).`;
}
