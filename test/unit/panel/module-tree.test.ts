import assert from 'node:assert/strict';
import { layersBelow, moduleTree, type ModuleNode } from '../../../extension/panel/module-tree';
import type { LayerInfo } from '../../../extension/protocol/run';

const layer = (name: string): LayerInfo => ({ name, op: 'Gemm', kind: 'linear', parameters: [] });
const outline = (nodes: readonly ModuleNode[]): unknown[] =>
  nodes.map(({ label, children }) => (children.length > 0 ? [label, outline(children)] : label));

describe('moduleTree', () => {
  it('groups layers by module, in their order', () => {
    const tree = moduleTree(['stem', 'blocks.0.conv', 'blocks.0.norm', 'blocks.1.conv', 'head'].map(layer));
    assert.deepEqual(outline(tree), [
      'stem',
      [
        'blocks',
        [
          ['0', ['conv', 'norm']],
          ['1', ['conv']],
        ],
      ],
      'head',
    ]);
  });

  it('lets a module be a layer too', () => {
    const [rnn] = moduleTree([layer('rnn'), layer('rnn.cell')]);
    assert.equal(rnn?.layer?.name, 'rnn');
    assert.deepEqual(
      layersBelow(rnn).map(({ name }) => name),
      ['rnn', 'rnn.cell'],
    );
  });
});
