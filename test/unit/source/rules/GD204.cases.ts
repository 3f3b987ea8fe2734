import { tf, torch, type RuleCases } from './cases';

const rnn = (made: string, more = ''): string =>
  torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = ${made}
        self.head = nn.Linear(16, 2)
${more}
    def forward(self, x):
        out, _ = self.rnn(x)
        return self.head(out[:, -1])
`);

export const cases: RuleCases = {
  code: 'GD204',
  trips: {
    'an LSTM at its default': rnn('nn.LSTM(8, 16, batch_first=True)'),
    'a GRU at its default': rnn('nn.GRU(8, 16)'),
    'a plain RNN at its default': rnn('nn.RNN(8, 16)'),
    'two layers': rnn('nn.LSTM(input_size=8, hidden_size=16, num_layers=2, dropout=0.1)'),
    'Xavier on the recurrent weights': rnn(
      'nn.LSTM(8, 16)',
      '        nn.init.xavier_uniform_(self.rnn.weight_hh_l0)\n',
    ),
    'normal over the named parameters': rnn(
      'nn.GRU(8, 16)',
      `        for name, p in self.rnn.named_parameters():
            if 'weight_hh' in name:
                nn.init.normal_(p, std=0.1)
`,
    ),
    'a cell': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(4, 8)

    def forward(self, x, state):
        return self.cell(x, state)
`),
    'outside a module': torch(`
rnn = nn.GRU(4, 4)
out, state = rnn(torch.randn(10, 1, 4))
`),
    'ts: glorot': tf(`
const model = tf.sequential({
  layers: [tf.layers.lstm({ units: 8, inputShape: [10, 2], recurrentInitializer: 'glorotUniform' })],
});
`),
    'ts: normal': tf(`
const model = tf.sequential();
model.add(tf.layers.gru({ units: 8, inputShape: [10, 2], recurrentInitializer: 'randomNormal' }));
`),
  },
  passes: {
    'orthogonal by attribute': rnn('nn.LSTM(8, 16)', '        nn.init.orthogonal_(self.rnn.weight_hh_l0)\n'),
    'orthogonal over the named parameters': rnn(
      'nn.LSTM(8, 16)',
      `        for name, p in self.named_parameters():
            if 'weight_hh' in name:
                nn.init.orthogonal_(p)
            elif 'weight_ih' in name:
                nn.init.xavier_uniform_(p)
`,
    ),
    'orthogonal for every matrix': rnn(
      'nn.GRU(8, 16)',
      `        for p in self.rnn.parameters():
            if p.dim() > 1:
                nn.init.orthogonal_(p)
`,
    ),
    'the identity (IRNN)': rnn('nn.RNN(8, 16)', '        nn.init.eye_(self.rnn.weight_hh_l0)\n'),
    'no recurrent layer': torch('net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))\n'),
    'a class of the same name': `from mine import LSTM
rnn = LSTM(4, 4)
`,
    'in a helper': rnn(
      'nn.LSTM(8, 16)',
      `        self.init_weights()

    def init_weights(self):
        for name, p in self.rnn.named_parameters():
            if name.startswith('weight_hh'):
                nn.init.orthogonal_(p)
`,
    ),
    'ts: at its default': tf(`
const model = tf.sequential({ layers: [tf.layers.lstm({ units: 8, inputShape: [10, 2] })] });
`),
    'ts: orthogonal': tf(`
const model = tf.sequential({
  layers: [tf.layers.gru({ units: 8, inputShape: [10, 2], recurrentInitializer: 'orthogonal' })],
});
`),
  },
};
