import { readFileSync } from 'node:fs';
import { diagnose } from '../diagnosis/diagnose';
import { number } from '../diagnosis/sentence';
import type { Prescription, Trial } from '../protocol/prescription';
import { trialName } from '../protocol/trial-ranking';
import { editsOf } from '../remedies/source-edits/prescription-edits';
import { prescribe, type PrescribeResult } from '../remedies/prescribe';
import { runTrial } from '../remedies/trial-run';
import type { RegisterCommand } from './command';
import { exitCodeOf } from './diagnose';
import { experimentOf, experimentOptions, type ExperimentOptions } from './experiment-options';
import { jsonOption, numberAtLeast, type OutputOptions } from './options';
import { prescribeDocument } from './prescribe-document';
import { findingsReport } from './run-report';
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
      const result = await prescribe(
        await experimentOf(model, options),
        {
          train: (experiment, signal, isHopeless) => runTrial(engine, experiment, signal, isHopeless),
          diagnose: (run) => diagnose(run, options.threshold),
          now: () => performance.now() / 1000,
        },
        {
          budget: options.budget,
          signal: request.signal,
          onTrial: (trial) => {
            terminal.progress(`Tried ${trialName(trial)}: ${trial.outcome}`);
          },
        },
      );
      const { layers } = result.baseline.run.header.layout;
      if (options.json) terminal.printJson(prescribeDocument(result, (each) => editsOf(each, layers, readText)));
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
  if (trials.length > 0) parts.push(trialTable(trials), advice(prescriptions));
  return parts.join('\n\n');
}

const trialTable = (trials: readonly Trial[]): string =>
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

function advice(prescriptions: readonly Prescription[]): string {
  const [best] = prescriptions;
  if (!best) return 'Nothing that was tried helps.';
  const { lossBefore, lossAfter, parametersAdded } = best.effect;
  const cost = parametersAdded === 0 ? '' : `, ${parametersAdded > 0 ? '+' : ''}${parametersAdded} weights`;
  const held = best.healthy ? `healthy on seeds ${best.seeds.join(', ')}` : 'better, but not healthy';
  return `Prescription: ${trialName(best)} (loss ${number(lossBefore)} → ${number(lossAfter)}${cost}; ${held}).`;
}
