/**
 * How good the doctor is, on patients whose illness is known: how many of the sick it detects, how many of the healthy
 * it alarms, and how many its first prescription cures.
 *
 *   npm run clinic -- --draw SEED [--only NAME] [--budget SECONDS] [--jobs N] [--no-cure] [--verbose]
 *
 * Thresholds are tuned on draws 1 to 20 alone; the figures to report come from others, and stand in docs/clinic.md.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { diagnose } from '../../extension/diagnosis/diagnose';
import type { Experiment } from '../../extension/protocol/experiment';
import { trialName } from '../../extension/protocol/trial-ranking';
import { prescribe } from '../../extension/remedies/prescribe';
import { assess, isHealthy, type Assessment } from '../../extension/remedies/score';
import { runTrial } from '../../extension/remedies/trial-run';
import { Trainer } from '../../extension/trainer/host';
import { patientsOf, readPatients, type Patient } from './patients';
import { isCured, isDetected, worth, type Examined } from './verdict';

/** An examined patient, and how long that took. */
interface Record extends Examined {
  seconds: number;
}

const { values: options } = parseArgs({
  options: {
    draw: { type: 'string' },
    folder: { type: 'string' },
    only: { type: 'string', default: '' },
    budget: { type: 'string', default: '120' },
    jobs: { type: 'string', default: '2' },
    'no-cure': { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

async function examine(patient: Patient, trainer: Trainer): Promise<Record> {
  const start = performance.now();
  const measure = async (experiment: Experiment): Promise<Assessment> => {
    const run = await runTrial(trainer, experiment, undefined);
    return assess(run, diagnose(run));
  };
  const baseline = await measure(patient.experiment);
  const twin = patient.twin && (await measure(patient.twin));
  const outcome =
    patient.cause && !options['no-cure']
      ? await prescribe(
          patient.experiment,
          {
            train: (experiment, signal, isHopeless) => runTrial(trainer, experiment, signal, isHopeless),
            diagnose,
            now: () => performance.now() / 1000,
          },
          { budget: Number(options.budget) },
        )
      : undefined;
  return { patient, baseline, twin, outcome, seconds: (performance.now() - start) / 1000 };
}

function line(record: Record): string {
  const { patient, baseline, twin, outcome, seconds } = record;
  const findings =
    worth(baseline.findings)
      .map(({ symptom }) => symptom)
      .join(' ') || '—';
  const losses = `${baseline.initialLoss.toPrecision(3)} → ${baseline.loss.toPrecision(3)}`;
  if (!patient.cause) {
    const unsteady = patient.steady === false ? ' (does not learn in every order of the batches)' : '';
    return `${isHealthy(baseline) ? '  ' : '! '}${patient.name}: ${losses}; ${findings}${unsteady}`;
  }
  const [first] = outcome?.prescriptions ?? [];
  const cure = !outcome
    ? ''
    : first
      ? `; ${trialName(first)} → ${first.effect.lossAfter.toPrecision(3)}${
          first.healthy
            ? ''
            : `, still ${worth(first.findings)
                .map(({ symptom }) => symptom)
                .join(' ')}`
        }`
      : '; no prescription';
  const marks = `${isDetected(record) ? ' ' : '?'}${!outcome || isCured(record) ? ' ' : '✗'}`;
  const trials = outcome ? `, ${outcome.trials.filter(({ effect }) => effect).length} trials` : '';
  return `${marks}${patient.name}: ${losses} (twin ${twin!.initialLoss.toPrecision(3)} → ${twin!.loss.toPrecision(3)}${
    isHealthy(twin!)
      ? ''
      : ` ${worth(twin!.findings)
          .map(({ symptom }) => symptom)
          .join(' ')}`
  }); ${findings}${cure} [${seconds.toFixed(0)} s${trials}]`;
}

function report(records: readonly Record[]): void {
  const sick = records.filter(({ patient }) => patient.cause);
  const healthy = records.filter(({ patient }) => !patient.cause);
  const treated = sick.filter(({ outcome }) => outcome);
  const share = (part: number, all: number): string =>
    `${part} of ${all}${all > 0 ? ` (${((100 * part) / all).toFixed(1)} %)` : ''}`;
  console.log(`\ndetected     ${share(sick.filter(isDetected).length, sick.length)}`);
  const alarms = (among: readonly Record[]): string =>
    share(among.filter(({ baseline }) => !isHealthy(baseline)).length, among.length);
  console.log(`false alarms ${alarms(healthy)}`);
  const steady = healthy.filter(({ patient }) => patient.steady);
  if (healthy.some(({ patient }) => patient.steady === false))
    console.log(`  of those that learn in every order of the batches: ${alarms(steady)}`);
  if (treated.length > 0) console.log(`cured        ${share(treated.filter(isCured).length, treated.length)}`);
}

async function main(): Promise<void> {
  const patients = (options.folder ? readPatients(options.folder) : patientsOf(Number(options.draw))).filter(
    ({ name }) => name.includes(options.only),
  );
  const records: Record[] = [];
  const waiting = [...patients];
  await Promise.all(
    Array.from({ length: Number(options.jobs) }, async () => {
      const trainer = new Trainer({ path: resolve('dist/trainer.js') });
      for (let patient = waiting.shift(); patient; patient = waiting.shift()) {
        const record = await examine(patient, trainer);
        records.push(record);
        console.log(line(record));
        if (options.verbose) {
          for (const { symptom, severity, message } of record.baseline.findings)
            console.log(`     ${severity} ${symptom}: ${message}`);
          for (const trial of record.outcome?.trials ?? [])
            console.log(
              `     ${trialName(trial)}: ${trial.outcome} ${trial.effect?.lossAfter.toPrecision(3) ?? ''} ${trial.why}`,
            );
        }
      }
      await trainer.dispose();
    }),
  );
  report(records);
}

void main();
