/** A plain recurrent layer becomes an LSTM or a GRU. */
import { cellFix } from '../../source/edits/recurrent-cell';
import type { Layer } from '../../source/values';
import { DoesNotFit } from '../remedy';
import type { Code } from './code';
import type { SourceEditor } from './editors';
import { attributeUses, namesOfLayers } from './uses';

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
      refuseByHand(code, layer, cell);
      code.take(file, edits);
    }
    return `Use ${cell.toUpperCase()} instead of a plain RNN`;
  },
});

/** Fills a weight of any shape. */
const fitsAnyShape =
  /^(orthogonal|xavier_uniform|xavier_normal|kaiming_uniform|kaiming_normal|uniform|normal|trunc_normal|zeros|zero|ones|constant|fill|eye|sparse)_$/;

/** Weights that are set to tensors of the RNN's shapes: those of an LSTM or a GRU are for several gates. */
const refuseByHand = (code: Code, layer: Layer, cell: 'lstm' | 'gru'): void => {
  const { file } = layer.site;
  const names = namesOfLayers(code.trace, new Set([layer]));
  const lines = [
    ...code.trace.initializations
      .filter(({ parameter, scheme }) => parameter.layer === layer && !fitsAnyShape.test(scheme))
      .map(({ site }) => site.file.source.lineOf(site.from)),
    ...[...attributeUses(file.root, /^((weight|bias)_(ih|hh)(_l\d+(_reverse)?)?|nonlinearity|mode)$/)]
      .filter(({ owner, attribute, isWritten, statement }) => {
        const isKept = /^(weight|bias)_/.test(attribute) && !(isWritten && statement.kind === 'assign');
        return !isKept && owner !== undefined && names.has(owner);
      })
      .map(({ node }) => file.source.lineOf(node.from)),
  ];
  const [line] = lines;
  if (line !== undefined)
    throw new DoesNotFit(
      `Line ${line + 1} uses what the RNN has and ${/^l/.test(cell) ? 'an LSTM' : 'a GRU'} has not, or has in another shape.`,
    );
};
