import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCell } from '../../../extension/notebook/cell';
import { filesIn } from '../../../extension/notebook/cell-paths';
import { digestOf } from '../../../extension/notebook/engine/references';
import { csvOfNotebook, jsonOf } from '../../../extension/notebook/export/data';
import { htmlDocument } from '../../../extension/notebook/export/html';
import { markdownOf } from '../../../extension/notebook/export/markdown';
import { parseNotebook, sourceOf, type Notebook } from '../../../extension/notebook/gradnb';
import { errorItem, outputOf } from '../../../extension/notebook/output-items';

const folder = 'samples/notebooks';
const samples = readdirSync(folder).filter((name) => name.endsWith('.gradnb'));
const read = (name: string): Notebook => parseNotebook(readFileSync(join(folder, name), 'utf8'), name);
const rnn = (): Notebook => read('how-clipping-saves-an-rnn.gradnb');

describe('an exported notebook', () => {
  it('is one HTML page that loads and runs nothing', async () => {
    const notebook = rnn();
    notebook.cells.push({
      kind: 'experiment',
      source: ['model: </pre><script>'],
      outputs: [errorItem(new Error('<b> is not a model'))],
    });
    const html = await htmlDocument(notebook, 'RNN', (text) => Promise.resolve(`<h1>${text.split('\n')[0]!}</h1>`));
    assert.match(html, /<h1># How clipping saves an RNN<\/h1>.*<code>name: free.*Gradient through time.*<svg/s);
    assert.doesNotMatch(html, /<script|<link|src=/);
    assert.match(html, /&lt;b&gt; is not a model/);
  });

  it('is Markdown with pictures beside it', () => {
    const { text, pictures } = markdownOf(rnn(), 'rnn_files');
    assert.match(text, /^# How clipping saves an RNN/);
    assert.match(text, /```yaml\nname: free\n/);
    for (const [, name] of text.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)) assert.match(pictures.get(name!)!, /^<svg /);
    assert.ok(pictures.size >= 8, `${pictures.size} pictures`);
  });

  it('is data as JSON and CSV, the same numbers in both', () => {
    const outputs = JSON.parse(jsonOf(rnn())) as {
      kind: string;
      name?: string;
      series: { ofStep: { loss: number[] } };
    }[];
    const clipped = outputs.find(({ name }) => name === 'clipped')!;
    const lines = [...csvOfNotebook(rnn())].join('').trimEnd().split('\n');
    assert.equal(lines[0], 'cell,run,step,layer,quantity,value');
    const losses = lines
      .filter((line) => /^5,clipped,\d+,,loss,/.test(line))
      .map((line) => Number(line.split(',').at(-1)));
    assert.deepEqual(losses, clipped.series.ofStep.loss);
    assert.equal(losses.length, 150);
    assert.ok(lines.some((line) => /^3,free,\d+,,loss,NaN$/.test(line)));
  });
});

describe('the sample notebooks', () => {
  it('are three', () => {
    assert.equal(samples.length, 3);
  });

  for (const name of samples)
    it(`${name}: every cell is right, was run as it stands, and reads well without the extension`, () => {
      for (const cell of read(name).cells.filter(({ kind }) => kind === 'experiment')) {
        const text = sourceOf(cell);
        const { cell: value, problems } = readCell(text);
        assert.deepEqual(problems, [], text);
        for (const { name } of filesIn(text)) assert.ok(existsSync(join(folder, name)), name);
        const output = outputOf(cell);
        assert.ok(output, `${text} has an output`);
        if (value?.kind === 'experiment') {
          assert.ok(output.kind === 'run');
          assert.equal(output.cellDigest, digestOf(value.value), `${text} is what was run`);
          assert.equal(output.end?.kind, 'finished');
        }
        assert.deepEqual(cell.outputs!.map(({ mime }) => mime).slice(1), ['text/html', 'text/plain']);
      }
    });
});
