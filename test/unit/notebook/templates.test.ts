import assert from 'node:assert/strict';
import { isAbsolute, relative, resolve } from 'node:path';
import fc from 'fast-check';
import { readCell } from '../../../extension/notebook/cell';
import { experimentOf } from '../../../extension/notebook/cell-experiment';
import { commonEnd, filesIn, formatted, givenName, runsIn } from '../../../extension/notebook/cell-paths';
import { cellOf, cellText } from '../../../extension/notebook/cell-text';
import { expectsRun, suggestionsAt } from '../../../extension/notebook/completion';
import { parseNotebook, serializeNotebook, sourceOf } from '../../../extension/notebook/gradnb';
import { fromExperiment, fromPrescription, fromTemplate, templateIds } from '../../../extension/notebook/templates';
import {
  defaultExperiment,
  defaultOptimizer,
  lossIds,
  optimizerIds,
  type Experiment,
  type Use,
} from '../../../extension/protocol/experiment';

const fromLab = (path: string): string => (isAbsolute(path) ? relative('/lab', path) : path);
const experiment: Experiment = { ...defaultExperiment('/lab/models/deep.onnx'), steps: 50 };

describe('templates', () => {
  for (const id of templateIds)
    it(`${id} holds cells that can be read, about runs that it has`, () => {
      const made = fromTemplate(id, { model: 'models/deep.onnx', data: { npz: 'batch.npz' } });
      const notebook = parseNotebook(serializeNotebook(made), 'n');
      const cells = notebook.cells.filter(({ kind }) => kind === 'experiment').map((cell) => readCell(sourceOf(cell)));
      assert.deepEqual(
        cells.flatMap(({ problems }) => problems),
        [],
      );
      const names = cells.flatMap(({ cell }) => (cell?.kind === 'experiment' ? [cell.value.name] : []));
      const used = cells.flatMap(({ cell }) =>
        cell?.kind === 'compare' ? cell.value.compare : cell?.kind === 'sweep' ? [cell.value.sweep.run] : [],
      );
      for (const name of used) assert.ok(names.includes(name), name);
    });

  it('make a notebook of a diagnosed model and of a prescription', () => {
    const diagnosed = fromExperiment(experiment, 'deep', fromLab).cells.map(sourceOf);
    assert.equal(diagnosed[1], 'name: deep\nmodel: models/deep.onnx\noptimizer: { sgd: { lr: 0.1 } }\nsteps: 50');
    const prescription = { remedies: [{ id: 'clip-grad-norm', parameters: { max_norm: 1 } }], learningRateFactor: 3 };
    const measured = {
      ...prescription,
      effect: {
        healthBefore: 0.1,
        healthAfter: 1,
        lossBefore: 2.3,
        lossAfter: 0.05,
        timeStepRatio: 1,
        parametersAdded: 0,
      },
      healthy: true,
      seeds: [0, 1, 2],
    };
    const treated = fromPrescription(experiment, 'deep', measured, fromLab).cells.map(sourceOf);
    assert.match(treated[0]!, /a loss of 0\.05 with it and of 2\.3 without; it was healthy on seeds 0, 1, 2\./);
    assert.equal(treated[1], diagnosed[1]);
    assert.equal(
      treated[2],
      'name: deep with clip-grad-norm at lr ×3\nmodel: models/deep.onnx\noptimizer: { sgd: { lr: 0.3 } }\n' +
        'remedies: [ { clip-grad-norm: { max_norm: 1 } } ]\nsteps: 50',
    );
    assert.equal(treated[4], 'compare: [ deep, deep with clip-grad-norm at lr ×3 ]');
    for (const text of treated.slice(1, 3)) assert.deepEqual(readCell(text).problems, []);
  });

  it('capture a script again, and clip what it clips where they cannot', () => {
    const capture = { python: 'python3', script: '/lab/train.py', args: ['--depth', '30'], cwd: '/lab' };
    const captured: Experiment = { ...experiment, capture, clipping: { kind: 'norm', limit: 2 } };
    const [, cell] = fromExperiment(captured, 'deep', fromLab).cells.map(sourceOf);
    assert.match(cell!, /^capture: \{ script: train\.py, args: \[ --depth, "30" \] \}$/m);
    assert.doesNotMatch(cell!, /model|clip/);
    const byHand: Experiment = { ...captured, capture: { ...capture, module: 'Net' } };
    const [, other] = fromExperiment(byHand, 'deep', fromLab).cells.map(sourceOf);
    assert.match(other!, /^model: models\/deep\.onnx\n.*\nremedies: \[ \{ clip-grad-norm: \{ max_norm: 2 \} \} \]$/m);
  });
});

describe('the text of a cell', () => {
  const optimizers = fc
    .tuple(fc.constantFrom(...optimizerIds), fc.constantFrom(0.1, 1e-3, 3), fc.constantFrom(0, 0.9))
    .map(([id, lr, momentum]) => ({ ...defaultOptimizer(id), lr, ...(id === 'sgd' ? { momentum } : {}) }));
  const experiments = fc.record(
    {
      name: fc.constantFrom('a', 'no: yes', '7', 'x # y'),
      batch: fc.integer({ min: 1, max: 99 }),
      loss: fc.constantFrom(...lossIds),
      optimizer: optimizers,
      steps: fc.integer({ min: 1, max: 999 }),
      seed: fc.integer({ min: 0, max: 9 }),
      threads: fc.integer({ min: 1, max: 4 }),
      remedies: fc.subarray<Use>([
        { id: 'relu', parameters: {} },
        { id: 'residual', parameters: {}, units: ['layers.*', 'head'] },
        { id: 'clip-grad-norm', parameters: { max_norm: 2 } },
      ]),
      frozen: fc.constantFrom(['layers.0'], ['a', 'b']),
      data: fc.constantFrom(
        { kind: 'file' as const, path: '/lab/b.npz', validation: 0.2 },
        { kind: 'synthetic' as const, task: 'classification' as const, classes: 3 },
        { kind: 'synthetic' as const },
      ),
    },
    { requiredKeys: [] },
  );

  it('states the experiment that it was made of', () => {
    fc.assert(
      fc.property(experiments, (changes) => {
        const stated: Experiment = { ...experiment, ...changes, provider: 'cpu' };
        const { cell, problems } = readCell(cellText(cellOf(stated, fromLab)));
        assert.deepEqual(problems, []);
        assert.ok(cell?.kind === 'experiment');
        const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
        assert.deepEqual(plain(experimentOf(cell.value, resolve('/lab'), 'cpu')), plain(stated));
      }),
    );
  });

  it('names its files, at their places', () => {
    const text = 'name: a\nmodel: "m/a.onnx"\ndata: { npz: d.npz }';
    assert.deepEqual(
      filesIn(text).map(({ name, start, end }) => [name, text.slice(start, end)]),
      [
        ['m/a.onnx', '"m/a.onnx"'],
        ['d.npz', 'd.npz'],
      ],
    );
    assert.deepEqual(filesIn('model: [\n'), []);
  });

  it('names the runs that it speaks of, at their places', () => {
    const places = (text: string) => runsIn(text).map(({ name, start }) => [name, start]);
    assert.deepEqual(places('compare: [ c, a ]'), [
      ['c', 11],
      ['a', 14],
    ]);
    assert.deepEqual(places('sweep: { over: { seed: [ 1 ] }, run: e }'), [['e', 37]]);
    assert.deepEqual(places('name: run'), []);
    assert.equal(givenName('model: name\nname: a')?.start, 18);
  });

  it('is compared by the ends of its paths, where a file is looked for', () => {
    assert.equal(commonEnd('/work/lab/deep/model.onnx', 'deep/model.onnx'), 2);
    assert.equal(commonEnd('C:\\lab\\other\\model.onnx', '../deep/model.onnx'), 1);
    assert.equal(commonEnd('a', 'b'), 0);
  });

  it('is put into its usual form, comments kept, and left alone where it is broken', () => {
    assert.equal(
      formatted('model:   a.onnx  # why\noptimizer: {sgd: {lr: 0.1}}\n'),
      'model: a.onnx # why\noptimizer: { sgd: { lr: 0.1 } }',
    );
    assert.equal(formatted('model: [a'), undefined);
  });

  it('completes names of runs, and the fields that a sweep varies', () => {
    assert.ok(expectsRun('compare: [a, ', 13));
    assert.ok(expectsRun('prescribe: { run: x', 19));
    assert.ok(!expectsRun('model: x', 8));
    const fields = suggestionsAt('sweep: { run: a, over: {  } }', 24).map(({ label }) => label);
    for (const field of ['optimizer.sgd.lr', 'steps', 'optimizer.adam.eps', 'loss'])
      assert.ok(fields.includes(field), `${field} in ${fields.join()}`);
  });
});
