import assert from 'node:assert/strict';
import { importGraph } from '../../../extension/onnx/import';
import { findParameters } from '../../../extension/onnx/parameters';
import { int, modelOf, node, port, weight } from './models';

/** The verdicts on the initializers of a graph that takes `x` and gives `y`. */
const verdicts = (
  initializer: ReturnType<typeof weight>[],
  nodes: ReturnType<typeof node>[],
): Record<string, [boolean, string]> => {
  const graph = importGraph(
    modelOf({ input: [port('x', [2, 4])], output: [port('y', [2, 4])], initializer, node: nodes }),
  );
  return Object.fromEntries(findParameters(graph).map(({ name, trainable, why }) => [name, [trainable, why]]));
};

describe('findParameters', () => {
  it('finds weights and biases, also through changes of layout', () => {
    const found = verdicts(
      [weight('a', [4, 4]), weight('c', [4])],
      [
        node('Transpose', ['a'], ['aT']),
        node('Cast', ['aT'], ['aC'], { attribute: [int('to', 1)] }),
        node('MatMul', ['x', 'aC'], ['h'], { name: 'mm' }),
        node('Add', ['h', 'c'], ['y'], { name: 'add' }),
      ],
    );
    assert.deepEqual(found, { a: [true, 'weight of MatMul "mm"'], c: [true, 'bias of Add "add"'] });
  });

  it('finds the gates of a recurrent layer behind Slice, Concat and Unsqueeze', () => {
    const found = verdicts(
      [weight('w', [4, 1]), weight('r', [4, 1]), weight('h0', [1, 2, 1])],
      [
        node('Slice', ['w'], ['w0']),
        node('Concat', ['w0', 'w0'], ['w1'], { attribute: [int('axis', 0)] }),
        node('Unsqueeze', ['w1'], ['w2']),
        node('Unsqueeze', ['r'], ['r1']),
        node('LSTM', ['x', 'w2', 'r1', '', '', 'h0'], ['y'], { name: 'lstm' }),
      ],
    );
    assert.deepEqual(found.w, [true, 'input weight of LSTM "lstm"']);
    assert.deepEqual(found.r, [true, 'recurrent weight of LSTM "lstm"']);
    assert.equal(found.h0?.[0], false, 'the first state is no weight');
  });

  it('leaves out running statistics, scalars, masks and what merges with activations', () => {
    const found = verdicts(
      [
        ...['gamma', 'beta', 'm', 'v'].map((name) => weight(name, [4])),
        weight('half', []),
        weight('attn_mask', [4, 4]),
        weight('padding', [2, 4]),
        weight('unused', [3]),
      ],
      [
        node('BatchNormalization', ['x', 'gamma', 'beta', 'm', 'v'], ['n'], { name: 'bn' }),
        node('Mul', ['n', 'half'], ['h']),
        node('MatMul', ['h', 'attn_mask'], ['i']),
        node('Concat', ['i', 'padding'], ['j'], { name: 'cat', attribute: [int('axis', 0)] }),
        node('MatMul', ['j', 'j'], ['y']),
      ],
    );
    assert.deepEqual(found, {
      gamma: [true, 'scale of BatchNormalization "bn"'],
      beta: [true, 'shift of BatchNormalization "bn"'],
      m: [false, 'running mean of BatchNormalization "bn"'],
      v: [false, 'running variance of BatchNormalization "bn"'],
      half: [false, 'a scalar'],
      attn_mask: [false, 'a buffer, by its name'],
      padding: [false, 'used by Concat "cat", where nothing tells a parameter from a constant'],
      unused: [false, 'no node uses it'],
    });
  });

  it('tells a table of embeddings from a look-up of numbers', () => {
    const found = verdicts(
      [weight('table', [10, 4]), weight('schedule', [10])],
      [node('Gather', ['table', 'x'], ['h'], { name: 'look' }), node('Gather', ['schedule', 'x'], ['y'])],
    );
    assert.deepEqual(found.table, [true, 'table of Gather "look"']);
    assert.equal(found.schedule?.[0], false);
  });

  it('goes by the name where a parameter is one operand among equals', () => {
    const found = verdicts(
      [weight('pos_embed', [2, 4]), weight('pe', [2, 4]), weight('layer_scale.gamma', [4])],
      [
        node('Add', ['x', 'pos_embed'], ['h']),
        node('Add', ['h', 'pe'], ['i']),
        node('Mul', ['i', 'layer_scale.gamma'], ['y']),
      ],
    );
    assert.deepEqual(
      Object.entries(found).map(([name, [trainable]]) => [name, trainable]),
      [
        ['pos_embed', true],
        ['pe', false],
        ['layer_scale.gamma', true],
      ],
    );
  });

  it('does not train the vectors of spectral normalization, which look like weights', () => {
    const found = verdicts(
      [weight('fc.weight_orig', [4, 4]), weight('fc.weight_u', [4]), weight('fc.weight_v', [4])],
      [
        node('MatMul', ['fc.weight_orig', 'fc.weight_v'], ['wv']),
        node('MatMul', ['fc.weight_u', 'wv'], ['sigma']),
        node('Div', ['fc.weight_orig', 'sigma'], ['w']),
        node('MatMul', ['x', 'w'], ['y']),
      ],
    );
    assert.deepEqual(
      Object.values(found).map(([trainable]) => trainable),
      [true, false, false],
    );
  });
});
