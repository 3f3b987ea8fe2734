/** A plain recurrent layer becomes an LSTM or a GRU. */
import { cellFix } from '../../source/edits/recurrent-cell';
import type { Layer } from '../../source/values';
import { DoesNotFit } from '../remedy';
import type { SourceEditor } from './editors';

export const cellEditor = (cell: 'lstm' | 'gru'): SourceEditor => ({
  stage: 'cell',
  edit(code) {
    const layers = new Map<string, Layer>();
    for (const op of code.trace.ops)
      if (
        op.category === 'recurrent' &&
        op.layer &&
        /^(RNN|RNNCell|simpleRNN)$/.test(op.layer.type) &&
        code.includesOp(op)
      )
        layers.set(`${op.layer.site.file.source.path}:${op.layer.site.from}`, op.layer);
    if (layers.size === 0) throw new DoesNotFit('There is no vanilla RNN layer here.');
    for (const layer of layers.values()) {
      const { file } = layer.site;
      const edits = cellFix(file, code.trace, layer, cell);
      if (!edits)
        throw new DoesNotFit(
          'The hidden state of the RNN goes where an LSTM’s pair of states would not fit; change it by hand.',
        );
      code.take(file, edits);
    }
    return `Use ${cell.toUpperCase()} instead of a plain RNN`;
  },
});
