import assert from 'node:assert/strict';
import { makeRun } from '../diagnosis/run-factory';
import { gradientDoctor } from './harness';

const sick = makeRun({
  depth: 10,
  steps: 20,
  layer: (_, __, index) => ({ weightGradient: 0.4 ** (20 - index), gradientRms: 0.4 ** (20 - index) }),
});

interface PrescribeDocument {
  baseline: { findings: unknown[] };
  trials: { remedies: string[]; parameters: object; outcome: string; why: string; effect: object | null }[];
  prescriptions: unknown[];
}

describe('gradient-doctor prescribe', () => {
  it('prints what it measured before an interrupt, and ends with 130', async () => {
    const interrupt = new AbortController();
    let trained = 0;
    const { code, out, err } = await gradientDoctor(
      ['prescribe', 'model.onnx', '--json'],
      {
        train: (_, options) => {
          if (++trained === 4) interrupt.abort();
          const end = { ...sick, end: { kind: 'finished' as const } };
          options?.header?.(end.header);
          options?.steps?.({ firstStep: 0, count: end.steps, rows: end.rows });
          return Promise.resolve(end.end);
        },
      },
      interrupt.signal,
    );
    const { baseline, trials } = JSON.parse(out) as PrescribeDocument;
    assert.equal(code, 130);
    assert.equal(err, '');
    assert.equal(baseline.findings.length > 0, true);
    assert.equal(trials.filter(({ effect }) => effect).length, 2);
    assert.equal(trials.at(-1)!.why, 'Cancelled.');
  });

  it('gives every trial as the contract has it', async () => {
    const { code, out } = await gradientDoctor(['prescribe', 'model.onnx', '--json', '--budget', '30'], {
      run: { ...sick, end: { kind: 'finished' } },
    });
    const { trials } = JSON.parse(out) as PrescribeDocument;
    assert.equal(code, 1);
    const effects = trials.flatMap(({ effect }) => (effect ? [Object.keys(effect)] : []));
    assert.ok(effects.length > 8);
    assert.deepEqual(effects[0], [
      'healthBefore',
      'healthAfter',
      'lossBefore',
      'lossAfter',
      'timeStepRatio',
      'parametersAdded',
    ]);
  });

  it('tells trials of one remedy apart by its strength', async () => {
    const slow = makeRun({
      depth: 3,
      steps: 30,
      step: () => ({ loss: 2 }),
      layer: () => ({ updateNorm: 2e-6, weightNorm: 2 }),
    });
    const { out } = await gradientDoctor(['prescribe', 'model.onnx'], { run: { ...slow, end: { kind: 'finished' } } });
    assert.match(out, /raise-lr ×1000 /);
    assert.match(out, /raise-lr ×10000 /);
  });

  it('says in one line what was not tried', async () => {
    let trained = 0;
    const { out } = await gradientDoctor(['prescribe', 'model.onnx', '--budget', '0.000001'], {
      train: (_, options) => {
        trained++;
        options?.header?.(sick.header);
        options?.steps?.({ firstStep: 0, count: sick.steps, rows: sick.rows });
        return Promise.resolve({ kind: 'finished' });
      },
    });
    assert.equal(trained, 1);
    assert.match(out, /^The time budget was used up\. Not tried: relu, kaiming-normal, .*self-attention\.$/m);
    assert.match(out, /Nothing was tried\./);
    assert.doesNotMatch(out, /^trial /m);
  });

  it('puts the best first, with what other seeds said of it', async () => {
    const healthy = makeRun({ depth: 10, steps: 20 });
    const { out } = await gradientDoctor(['prescribe', 'model.onnx', '--steps', '20'], {
      train: ({ remedies, seed }, options) => {
        const heals = remedies.some(({ id }) => id === 'residual' || (id === 'relu' && seed === 0));
        const run = heals ? healthy : sick;
        options?.header?.(run.header);
        options?.steps?.({ firstStep: 0, count: run.steps, rows: run.rows });
        return Promise.resolve({ kind: 'finished' });
      },
    });
    const rows = out.split('\n').filter((line) => / (healthy|improved|no-effect|worse) /.test(line));
    assert.match(rows[0]!, /^residual +healthy .* So with seeds 1 and 2\.$/);
    assert.match(rows[1]!, /^relu +healthy .* Not so with seed 1\.$/);
    assert.match(out, /^Prescription: residual \(loss .*; healthy on seeds 0, 1, 2\)\.$/m);
  });
});
