import assert from 'node:assert/strict';
import { fixText, lintText } from '../../../extension/source/lint-files';
import { programOfCells, readNotebook } from '../../../extension/source/notebook-source';
import { applyEdits } from '../../../extension/source/text';

const head = `import torch
from torch import nn
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
`;
const loop = `for x, y in loader:
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)`;

const lines = (text: string): string[] => text.split(/(?<=\n)/);

const notebook = (cells: readonly (string | readonly string[])[]): string =>
  JSON.stringify(
    {
      cells: [
        { cell_type: 'markdown', metadata: {}, source: ['# Training'] },
        ...cells.map((source) => ({ cell_type: 'code', metadata: {}, outputs: [], source })),
      ],
      metadata: { kernelspec: { language: 'python', name: 'python3' } },
      nbformat: 4,
      nbformat_minor: 5,
    },
    undefined,
    1,
  );

const sourcesOf = (json: string): string[] =>
  (JSON.parse(json) as { cells: { source: string | string[] }[] }).cells
    .slice(1)
    .map(({ source }) => (typeof source === 'string' ? source : source.join('')));

describe('cells as one program', () => {
  const cells = ['a = 1', '%%bash\nls', '', 'b = 2\n'];
  const program = programOfCells(cells);

  it('hides what is for IPython alone', () => {
    assert.equal(program.text, 'a = 1\n\n#%bash\n#s\n\n\nb = 2\n\n');
    assert.equal(programOfCells(['!pip install torch\n  %time x()']).text, '#pip install torch\n  #time x()\n\n');
  });

  it('finds every place again', () => {
    const at = program.text.indexOf('b = 2');
    assert.deepEqual(program.span({ from: at, to: at + 5 }), { cell: 3, from: 0, to: 5 });
  });

  it('tells the end of a cell from the start of the next', () => {
    assert.deepEqual(program.edit({ from: 6, to: 6, insert: 'c = 3\n' }), {
      cell: 0,
      from: 5,
      to: 5,
      insert: '\nc = 3',
    });
    assert.deepEqual(program.edit({ from: 7, to: 7, insert: 'c\n' }), { cell: 1, from: 0, to: 0, insert: 'c\n' });
  });
});

describe('notebooks on disk', () => {
  for (const [name, cells] of [
    ['one string a cell', [head, loop]],
    ['one string a line', [lines(head), lines(loop)]],
    ['a cell between them', [lines(head), lines('%matplotlib inline\n!ls'), lines(`# é "quoted"\n${loop}`)]],
  ] as const)
    it(`are linted and mended in place: ${name}`, () => {
      const json = notebook(cells);
      const found = lintText('n.ipynb', json);
      assert.deepEqual(
        found.map(({ rule }) => rule),
        ['GD101'],
      );
      const { text, count } = fixText('n.ipynb', json, found, {});
      assert.equal(count, 1);
      const mended = sourcesOf(text);
      assert.match(
        mended.at(-1)!,
        /backward\(\)\n {4}nn\.utils\.clip_grad_norm_\(model\.parameters\(\), 1\.0\)\n {4}optimizer\.step\(\)\n?$/,
      );
      assert.deepEqual(mended.slice(0, -1), sourcesOf(json).slice(0, -1));
    });

  it('take an edit of any span', () => {
    const source = 'x = "é"\ny = 2\nz = 3';
    const json = notebook([lines(source)]);
    const read = readNotebook(json)!;
    for (let from = 0; from < source.length; from++)
      for (let to = from; to <= source.length; to++) {
        const edit = { from, to, insert: 'n"\n' };
        assert.equal(
          sourcesOf(applyEdits(json, [read.rawEdit(edit)]))[0],
          applyEdits(read.text, [edit]).slice(0, -2),
          `${from}-${to}`,
        );
      }
  });

  it('are left alone when they are none, or of another language', () => {
    for (const text of ['', '{', '[]', '{"cells": 3}', '{"cells": [{"cell_type": "code"}]}'])
      assert.deepEqual(lintText('n.ipynb', text), []);
    const other = notebook([lines(head), lines(loop)]).replace('"python"', '"julia"');
    assert.equal(readNotebook(other)?.text ?? '', '');
  });
});
