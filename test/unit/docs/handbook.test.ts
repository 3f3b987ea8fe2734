import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runInThisContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs';
import { codeOf, handbook, pages, sectionOf } from './handbook';

const headings = {
  remedies: [
    'Definition',
    'Principle',
    'Where to use it',
    'Cost',
    'Advantages',
    'Limits',
    'PyTorch',
    'TensorFlow.js',
    'References',
  ],
  symptoms: ['What it means', 'Measure', 'Thresholds', 'What it looks like', 'What to try first', 'References'],
} as const;

/** What TensorFlow.js cannot express; the page says why. */
const notInTensorFlow = ['remedies/spectral-norm.md', 'remedies/weight-norm.md'];

const readme = readFileSync(join(handbook, 'README.md'), 'utf8');

describe('the handbook', () => {
  it('has a page for every symptom and every remedy, and no other', () => {
    const there = (['symptoms', 'remedies'] as const).flatMap((part) =>
      readdirSync(join(handbook, part)).map((name) => `${part}/${name}`),
    );
    assert.deepEqual(there.sort(), pages.map(({ path }) => path).sort());
  });

  for (const { path, text, part } of pages)
    it(`says in ${path} what such a page has to say`, () => {
      for (const heading of headings[part]) {
        const section = sectionOf(text, heading);
        assert.ok(section && section.length > heading.length + 10, heading);
      }
      const id = path.slice(part.length + 1, -'.md'.length);
      assert.match(text, new RegExp(`^# \\S.*\n\n\`${id}\`$`, 'm'));
      if (part === 'remedies') assert.equal(codeOf(text, 'python').length, 1);
    });

  it('shows code for TensorFlow.js, or says why there is none', () => {
    const without = pages
      .filter(({ part, text }) => part === 'remedies' && codeOf(text, 'js').length === 0)
      .map(({ path, text }) => {
        assert.match(sectionOf(text, 'TensorFlow.js')!, /^TensorFlow\.js\n\nNot available\. \S/);
        return path;
      });
    assert.deepEqual(without.sort(), notInTensorFlow);
  });

  it('names every page in its overview', () => {
    for (const { path } of pages) assert.ok(readme.includes(`](${path})`), path);
  });

  it('has links that lead somewhere', () => {
    for (const { path, text } of [...pages, { path: 'README.md', text: readme }])
      for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g))
        if (!/^https:/.test(target!))
          assert.ok(existsSync(join(handbook, dirname(path), target!)), `${path} links to ${target!}`);
  });

  describe('has code for TensorFlow.js that runs:', () => {
    before(async () => {
      await tf.setBackend('cpu');
    });
    for (const { path, text } of pages)
      for (const code of codeOf(text, 'js'))
        it(path, async () => {
          const withoutImport = code.replace("import * as tf from '@tensorflow/tfjs';", '');
          assert.notEqual(withoutImport, code);
          tf.engine().startScope();
          try {
            await (runInThisContext(`async (tf) => {${withoutImport}}`) as (library: typeof tf) => Promise<void>)(tf);
          } finally {
            tf.engine().endScope();
            tf.disposeVariables();
          }
        });
  });
});
