/** A run and its findings for a reader at a terminal. */
import { earlyWindow } from '../diagnosis/depth-profile';
import { number } from '../diagnosis/sentence';
import { median } from '../diagnosis/statistics';
import type { Finding } from '../protocol/finding';
import type { Run } from '../protocol/run';
import { Telemetry } from '../protocol/telemetry';
import { logarithmicBars, table } from './table';

const barWidth = 20;
const marks = { error: '✗', warning: '!', information: '·' } as const;

export function runReport(run: Run, findings: readonly Finding[]): string {
  const telemetry = new Telemetry(run);
  return [
    summary(run, telemetry),
    ...run.header.notes.map((note) => `Note: ${note}`),
    '',
    layerTable(telemetry),
    '',
    findingsReport(findings),
  ].join('\n');
}

function summary({ header, steps, end }: Run, telemetry: Telemetry): string {
  const { model, provider, settings } = header;
  const { optimizer, loss, batch, seed, mode } = settings;
  const course = steps === 0 ? 'no step' : `loss ${number(telemetry.loss(0))} → ${number(telemetry.loss(steps - 1))}`;
  return [
    `${model} on ${provider}: ${loss}, ${optimizer.id} lr ${optimizer.lr}, batch ${batch}, mode ${mode}, seed ${seed}`,
    `${steps} of ${settings.steps} steps, ${course}${end?.kind === 'stopped' ? ` (stopped: ${end.reason})` : ''}`,
  ].join('\n');
}

/** Medians over the steps that the diagnosis looks at, so that table and findings agree. */
function layerTable(telemetry: Telemetry): string {
  const window = earlyWindow(telemetry);
  const typical = (at: (step: number) => number | undefined): number =>
    median(window.map((step) => at(step) ?? NaN).filter((value) => !Number.isNaN(value)));
  const rows = telemetry.layers.map(({ name, op }, layer) => ({
    name,
    op,
    weight: typical((step) => telemetry.weights(step, layer)?.rms),
    activation: typical((step) => telemetry.activation(step, layer, 'gradientRms')),
    std: typical((step) => telemetry.activation(step, layer, 'std')),
    update: typical((step) => ratio(telemetry.weights(step, layer))),
  }));
  const bars = logarithmicBars(
    rows.map(({ activation }) => activation),
    barWidth,
  );
  const cell = (value: number): string => (Number.isNaN(value) ? '' : number(value));
  const right = 'right';
  return table(
    [
      { head: 'layer' },
      { head: 'op' },
      { head: 'std(a)', align: right },
      { head: '∂L/∂w', align: right },
      { head: 'update', align: right },
      { head: '∂L/∂a', align: right },
      { head: `RMS of the first ${window.length} steps, log scale` },
    ],
    rows.map(({ name, op, weight, activation, std, update }, i) => [
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

const ratio = (weights: { updateNorm: number; weightNorm: number } | undefined): number | undefined =>
  weights && weights.updateNorm / weights.weightNorm;

export function findingsReport(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'No findings.';
  return findings
    .map(({ severity, symptom, message, value, threshold, reference }) =>
      [
        `${marks[severity]} ${severity} ${symptom}`,
        `  ${message}`,
        `  value ${number(value)}, threshold ${number(threshold)} (${reference})`,
      ].join('\n'),
    )
    .join('\n');
}
