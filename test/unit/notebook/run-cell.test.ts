import assert from 'node:assert/strict';
import { runCell } from '../../../extension/notebook/engine/run-cell';
import { outputItems } from '../../../extension/notebook/output-items';
import { serializeNotebook } from '../../../extension/notebook/gradnb';
import type { TrainOptions } from '../../../extension/trainer/host';
import type { Experiment } from '../../../extension/protocol/experiment';
import { InputError, RunError } from '../../../extension/protocol/errors';
import { readOutput, type CellOutput, type RunOutput } from '../../../extension/protocol/notebook-output';
import { differences } from '../../../extension/protocol/run-differences';
import { syntheticRun } from '../../e2e/synthetic-run';
import { aLaboratory } from './laboratory';

const baseline = 'name: baseline\nmodel: models/deep.onnx\nsteps: 30';
const outputOf = <Kind extends CellOutput['kind']>(kind: Kind, output: CellOutput | undefined) => {
  assert.equal(output?.kind, kind);
  // What is written into a file is read from it.
  const again = readOutput(JSON.parse(JSON.stringify(output)));
  assert.deepEqual(again, JSON.parse(JSON.stringify(output)));
  return again as Extract<CellOutput, { kind: Kind }>;
};
const vanishing = {
  layer: (_: unknown, __: number, ___: number, depth: number) => ({ gradientRms: 10 ** (-9 * (1 - depth)) }),
};

describe('an experiment cell', () => {
  it('leaves everything that the run depended on, with paths from the notebook', async () => {
    const lab = aLaboratory();
    const { output, error } = await runCell(`${baseline}\nseed: 3`, lab);
    assert.equal(error, undefined);
    const run = outputOf('run', output);
    assert.equal(lab.trained[0]!.model, '/lab/models/deep.onnx');
    assert.deepEqual(
      { name: run.name, model: run.model, provider: run.provider, seed: run.settings.seed, steps: run.steps },
      { name: 'baseline', model: 'models/deep.onnx', provider: 'cpu', seed: 3, steps: 30 },
    );
    assert.equal(run.settings.model, 'models/deep.onnx');
    assert.equal(run.settings.threads, 1);
    assert.equal(run.versions.gradientDoctor, '1.2.3');
    assert.equal(run.modelHash.length, 64);
    assert.deepEqual(run.end, { kind: 'finished' });
    assert.ok(!JSON.stringify(run).includes('/lab'));
  });

  it('is diagnosed, and reads well without the extension', async () => {
    const { output } = await runCell(
      baseline,
      aLaboratory(() => vanishing),
    );
    assert.equal(outputOf('run', output).findings[0]!.symptom, 'vanishing-gradient');
    const [json, html, text] = outputItems(output!);
    assert.equal(json!.mime, 'application/vnd.gradient-doctor.run+json');
    assert.match(String(text!.data), /^baseline: 1 finding\n.*Repeats bit for bit.*✗ error vanishing-gradient/s);
    assert.match(String(html!.data), /<svg .*Gradient by depth.*<svg .*Loss/s);
    assert.doesNotMatch(String(html!.data), /<script|style=|href=/);
  });

  it('names the operators that cannot promise the same bits', async () => {
    const uncertain = [{ op: 'ScatterElements', why: 'it adds in any order' }];
    const { output } = await runCell(
      baseline,
      aLaboratory(() => ({ header: { uncertain } })),
    );
    assert.deepEqual(outputOf('run', output).uncertain, uncertain);
    assert.match(String(outputItems(output!)[2]!.data), /May differ .*: ScatterElements \(it adds in any order\)/);
  });

  it('says where its text is wrong, and trains nothing', async () => {
    const lab = aLaboratory();
    const { error } = await runCell('model: a.onnx\nstepz: 3', lab);
    assert.ok(error instanceof InputError);
    assert.equal(error.message, 'Line 2, column 1: Unknown field "stepz". Did you mean "steps"?');
    assert.deepEqual(lab.trained, []);
  });

  it('keeps what was measured before the trainer died', async () => {
    const lab = aLaboratory();
    const { trainer } = lab;
    const dying = {
      train: async (experiment: Experiment, options: TrainOptions) => {
        await trainer.train(experiment, options);
        throw new RunError('The trainer was killed.');
      },
    };
    const { output, error } = await runCell(baseline, { ...lab, trainer: dying });
    assert.ok(error instanceof RunError);
    const run = outputOf('run', output);
    assert.equal(run.steps, 30);
    assert.deepEqual(run.end, { kind: 'failed', reason: 'The trainer was killed.' });
  });

  it('shows itself while it grows', async () => {
    const seen: CellOutput[] = [];
    await runCell(baseline, aLaboratory(undefined, { onOutput: (output) => seen.push(output) }));
    assert.ok(seen.length > 0);
    assert.equal(outputOf('run', seen[0]).end, undefined);
  });

  it('stays below 2 MB in the file for 10,000 steps of 200 layers', async () => {
    const { header, rows, steps } = syntheticRun({ layers: 200, steps: 10_000, clipped: true });
    const lab = aLaboratory(undefined, {
      trainer: {
        train: (_, options) => {
          options.header?.(header);
          options.steps?.({ firstStep: 0, count: steps.length, rows });
          return Promise.resolve({ kind: 'finished' });
        },
      },
    });
    const { output } = await runCell(baseline, lab);
    const cells = [{ kind: 'experiment' as const, source: [baseline], outputs: outputItems(output!) }];
    const bytes = Buffer.byteLength(serializeNotebook({ version: 1, cells }));
    assert.ok(bytes < 2 * 2 ** 20 && bytes > 2 ** 20, `${bytes} bytes`);
  });
});

describe('cells about runs', () => {
  const clipped = `${baseline.replace('baseline', 'clipped')}\nremedies: [ { clip-grad-norm: { max_norm: 1 } } ]`;
  const cells = async () => {
    const lab = aLaboratory();
    return Promise.all([baseline, clipped].map(async (text) => ({ text, output: (await runCell(text, lab)).output! })));
  };

  it('compare runs of the notebook, by what differs', async () => {
    const { output } = await runCell('compare: [baseline, clipped]', aLaboratory(undefined, { cells: await cells() }));
    const { runs, outdated } = outputOf('compare', output);
    assert.deepEqual(outdated, []);
    assert.deepEqual(differences(runs), [{ path: 'remedies', values: ['none', 'clip-grad-norm (max_norm=1)'] }]);
    const paths = (...of: RunOutput[]) => differences(of).map(({ path }) => path);
    const [one, two] = runs as [RunOutput, RunOutput];
    const clipping = { kind: 'norm', limit: 1 } as const;
    assert.deepEqual(paths(one, { ...two, settings: { ...two.settings, clipping } }), ['remedies']);
    assert.deepEqual(paths(one, { ...one, settings: { ...one.settings, clipping } }), [
      'clipping.kind',
      'clipping.limit',
    ]);
    const other = { ...one, modelHash: 'f'.repeat(64) };
    assert.deepEqual(paths(one, other), ['modelHash']);
    assert.deepEqual(paths(one, { ...other, model: 'other.onnx' }), ['model']);
    assert.deepEqual(paths(one, { ...one, model: 'other.onnx' }, { ...other, model: 'other.onnx' }), [
      'model',
      'modelHash',
    ]);
  });

  it('say which run is older than its cell, and which there is not', async () => {
    const [first, second] = await cells();
    const changed = [{ ...first!, text: `${baseline}\nseed: 9` }, second!];
    const { output } = await runCell('compare: [baseline, clipped]', aLaboratory(undefined, { cells: changed }));
    assert.deepEqual(outputOf('compare', output).outdated, ['baseline']);
    const none = await runCell(
      'compare: [baseline, clipped]',
      aLaboratory(undefined, { cells: [{ text: baseline }, second!] }),
    );
    assert.match(none.error!.message, /no run of "baseline" to compare yet/);
    const unknown = await runCell('compare: [baseline, other]', aLaboratory(undefined, { cells: changed }));
    assert.match(unknown.error!.message, /called "other"\. There are: baseline, clipped/);
    const twice = await runCell(
      'compare: [baseline, clipped]',
      aLaboratory(undefined, { cells: [first!, first!, second!] }),
    );
    assert.match(twice.error!.message, /2 experiments .* "baseline"/);
  });

  it('sweep over every combination, and go on where one cannot be run', async () => {
    const lab = aLaboratory(({ seed }) => (seed === 1 ? new InputError('Seed 1 is unlucky.') : {}), {
      cells: [{ text: baseline }],
    });
    const sweep = 'sweep: { run: baseline, over: { optimizer.sgd.lr: [0.01, 1], seed: [0, 1] } }';
    const { output, error } = await runCell(sweep, lab);
    assert.equal(error, undefined);
    const { points, modelHash } = outputOf('sweep', output);
    assert.deepEqual(
      points.map(({ values }) => values),
      [
        [0.01, 0],
        [0.01, 1],
        [1, 0],
        [1, 1],
      ],
    );
    assert.deepEqual(
      lab.trained.map(({ optimizer }) => optimizer.lr),
      [0.01, 0.01, 1, 1],
    );
    assert.deepEqual(
      points.map(({ end }) => end.kind),
      ['finished', 'failed', 'finished', 'failed'],
    );
    assert.equal(modelHash?.length, 64);
    const huge = 'sweep: { run: baseline, over: { seed: [' + '0, '.repeat(1001) + '] } }';
    assert.match((await runCell(huge, lab)).error!.message, /takes 1001 runs, more than 1000/);
  });

  it('prescribe: trials and what healed, with the baseline beside them', async () => {
    const lab = aLaboratory(({ remedies }) => (remedies.some(({ id }) => id === 'residual') ? {} : vanishing), {
      cells: [{ text: baseline }],
    });
    const { output } = await runCell('prescribe: { run: baseline, budget: 30 }', lab);
    const { baseline: before, trials, prescriptions } = outputOf('prescribe', output);
    assert.equal(before!.findings[0]!.symptom, 'vanishing-gradient');
    assert.ok(trials.length > 3);
    assert.deepEqual(
      prescriptions![0]!.remedies.map(({ id }) => id),
      ['residual'],
    );
  });
});

describe('outputs of other versions', () => {
  it('are not taken for this one', async () => {
    const { output } = await runCell(baseline, aLaboratory());
    const run = outputOf('run', output);
    const strange: unknown[] = [
      null,
      7,
      {},
      { ...run, schema: 2 },
      { ...run, kind: 'toString' },
      { ...run, series: 1 },
    ];
    for (const data of strange) assert.equal(readOutput(data), undefined);
    const other: RunOutput = { ...run, findings: undefined as never };
    assert.equal(readOutput(other), undefined);
  });
});
