import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fromEditor, toEditor } from '../../../extension/notebook/editor-cells';
import { serializeNotebook, type Notebook } from '../../../extension/notebook/gradnb';
import { outputMime } from '../../../extension/protocol/notebook-output';
import { notebooks } from './generated-notebooks';

/** As VS Code carries metadata between its processes. */
const carried = <T extends { metadata?: Readonly<Record<string, unknown>> }>(value: T): T => ({
  ...value,
  metadata: sorted(JSON.parse(JSON.stringify(value.metadata ?? {}))) as Record<string, unknown>,
});

const throughEditor = (notebook: Notebook): Notebook => {
  const { cells, metadata } = carried(toEditor(notebook));
  return fromEditor({
    metadata,
    cells: cells.map((cell) => ({ ...carried(cell), outputs: cell.outputs.map(carried) })),
  });
};

/** VS Code sorts the fields of metadata. */
const sorted = (value: unknown): unknown =>
  typeof value !== 'object' || value === null || Array.isArray(value)
    ? value
    : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));

describe('notebooks in the editor', () => {
  it('come back as they were, unknown fields and their order included', () => {
    fc.assert(
      fc.property(notebooks, (notebook) => {
        assert.equal(serializeNotebook(throughEditor(notebook)), serializeNotebook(notebook));
      }),
      { numRuns: 100 },
    );
  });

  it('show a result with its other forms as one output, and an error apart', () => {
    const error = { mime: 'application/vnd.code.notebook.error', data: { name: 'RunError', message: 'died' } };
    const outputs = [
      { mime: outputMime, data: { kind: 'run' } },
      { mime: 'text/html', data: '<p>' },
      { mime: 'text/plain', data: 'run' },
      error,
    ];
    const { cells } = toEditor({ version: 1, cells: [{ kind: 'experiment', source: ['a'], outputs }] });
    assert.deepEqual(
      cells[0]!.outputs.map(({ items }) => items.map(({ mime }) => mime)),
      [[outputMime, 'text/html', 'text/plain'], [error.mime]],
    );
  });

  it('are written in the form of the contract where the editor made them', () => {
    const data = new TextEncoder().encode('{"kind":"run"}');
    const notebook = fromEditor({
      cells: [
        { kind: 'markdown', text: '# A\nb', outputs: [] },
        { kind: 'experiment', text: 'model: a.onnx', outputs: [{ items: [{ mime: outputMime, data }] }] },
      ],
    });
    assert.deepEqual(notebook, {
      version: 1,
      cells: [
        { kind: 'markdown', source: ['# A', 'b'] },
        { kind: 'experiment', source: ['model: a.onnx'], outputs: [{ mime: outputMime, data: { kind: 'run' } }] },
      ],
    });
  });
});
