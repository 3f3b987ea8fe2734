/** Self-attention of the same width in the place of a recurrent layer, with its interface. */
import { argumentNamed } from '../../source/edits/arguments';
import { placeOf, placesAround } from '../../source/syntax';
import { argument, constantArgument, type Op } from '../../source/values';
import { DoesNotFit } from '../remedy';
import { sameSite, type Code, type Helper } from './code';
import { callsOf } from './creation';
import type { SourceEditor } from './editors';
import { byCreation, recurrentOps, type LayerOp } from './network';

export const selfAttentionEditor: SourceEditor = {
  stage: 'cell',
  edit(code, { heads }) {
    const layers = recurrentOps(code).filter(({ layer }) => /^(RNN|LSTM|GRU)$/.test(layer.type));
    if (layers.length === 0)
      throw new DoesNotFit(
        /\bSelfAttention\b/.test(code.file.source.text)
          ? 'There is self-attention here already.'
          : 'There is no recurrent layer here.',
      );
    for (const ops of byCreation(layers)) replace(code, ops, Number(heads));
    return 'Use self-attention instead of the recurrent layer';
  },
};

const replace = (code: Code, ops: readonly LayerOp[], heads: number): void => {
  const { layer } = ops[0]!;
  const { file } = layer.site;
  const { source } = file;
  const { node } = layer.call;
  const given = (name: string, index: number): string | undefined => {
    const found = argument(layer.call, name, index)?.node;
    return found && source.slice(found);
  };
  const [input, hidden] = [given('input_size', 0), given('hidden_size', 1)];
  if (layer.call.open || input === undefined || hidden === undefined)
    throw new DoesNotFit(`How wide this ${layer.type} is, is not written where it is made.`);
  if (argumentNamed(node, 'proj_size')) throw new DoesNotFit('This LSTM projects its state; replace it by hand.');
  const positional = node.arguments.filter((each) => !each.name).length;
  if (positional > 3) throw new DoesNotFit(`The arguments of this ${layer.type} have no names; name them first.`);
  for (const op of callsOf(
    code,
    ops.map((each) => each.layer),
  ))
    adaptState(code, op, layer.type === 'LSTM');
  const nn = (name: string): string => code.refer(file, `torch.nn.${name}`);
  code.help(file, helper(nn('Module'), nn('Linear'), nn('MultiheadAttention'), nn('LayerNorm')));
  const depth = given('num_layers', 2);
  const options = [
    ...(heads === 4 ? [] : [`heads=${heads}`]),
    ...(depth === undefined ? [] : [`num_layers=${depth}`]),
    ...['batch_first', 'bidirectional'].flatMap((name) => {
      const text = given(name, -1);
      return text === undefined || constantArgument(layer.call, name, -1) === false ? [] : [`${name}=${text}`];
    }),
  ];
  code.replace(layer.site, `SelfAttention(${[input, hidden, ...options].join(', ')})`);
};

/** An LSTM gives a pair of states; one that is used as more than its hidden half cannot be stood in for. */
const adaptState = (code: Code, op: Op, isLstm: boolean): void => {
  const { file } = op.site;
  const { source } = file;
  const call = op.call!.node;
  if (call.arguments.length > 1)
    throw new DoesNotFit('The recurrent layer is given a state, which self-attention has not.');
  if (/^\s*\[\s*0\s*\]/.test(source.text.slice(call.to))) return;
  const statement = placeOf(file.root, call.from)?.statement;
  if (statement?.kind !== 'assign' || !sameSite({ file, ...statement.value }, op.site))
    throw new DoesNotFit('What the recurrent layer gives out is not unpacked where it is called.');
  const [target] = statement.targets;
  const state = target?.kind === 'list' && target.items.length === 2 ? target.items[1] : undefined;
  if (!state) throw new DoesNotFit('What the recurrent layer gives out is not unpacked where it is called.');
  if (!isLstm) return;
  const around = placesAround(file.root, call.from).findLast((each) => each.statement.kind === 'function')?.statement;
  const rest = source.text.slice(statement.to, around?.to ?? source.text.length);
  const isUsed = (name: string): boolean => !/^_+$/.test(name) && new RegExp(`\\b${name}\\b`).test(rest);
  const [h, c] = state.kind === 'list' ? state.items : [];
  if (h && c?.kind === 'name' && !isUsed(c.name)) {
    code.edit(file, { from: state.from, to: state.to, insert: source.slice(h) });
    return;
  }
  if (state.kind === 'name' && !isUsed(state.name)) return;
  throw new DoesNotFit('The cell state of the LSTM is used, which self-attention has not.');
};

const helper = (module: string, linear: string, attention: string, norm: string): Helper => ({
  name: 'SelfAttention',
  lines: [
    `class SelfAttention(${module}):`,
    '    """Attends to all time steps at once. Takes and gives what a recurrent layer does; the state is the last step."""',
    '',
    '    def __init__(self, input_size, hidden_size, heads=4, num_layers=1, batch_first=False, bidirectional=False):',
    '        super().__init__()',
    '        self.directions = 2 if bidirectional else 1',
    '        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers',
    '        self.batch_first, self.bidirectional = batch_first, bidirectional',
    '        width = self.directions * hidden_size',
    '        heads = max(h for h in range(1, heads + 1) if width % h == 0)',
    `        self.projection = ${linear}(input_size, width)`,
    `        self.attention = ${attention}(width, heads, batch_first=True)`,
    `        self.norm = ${norm}(width)`,
    '',
    '    def forward(self, x):',
    '        x = self.projection(x if self.batch_first else x.transpose(0, 1))',
    '        y = self.norm(x + self.attention(x, x, x, need_weights=False)[0])',
    '        last = y[:, -1].reshape(len(y), self.directions, -1).transpose(0, 1)',
    '        state = last.repeat(self.num_layers, 1, 1)',
    '        return y if self.batch_first else y.transpose(0, 1), state',
  ],
});
