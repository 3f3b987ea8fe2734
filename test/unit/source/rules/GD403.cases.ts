import { tf, torch, type RuleCases } from './cases';

const net = (made: string, forward: string, more = ''): string =>
  torch(`
class Net(nn.Module):
    def __init__(self, n_in=8, n=16):
        super().__init__()
        self.rnn = ${made}
        self.fc = nn.Linear(n, 2)

    def forward(self, x):
${forward}
${more}`);

export const cases: RuleCases = {
  code: 'GD403',
  trips: {
    'the state not used': net(
      'nn.RNN(n_in, n, batch_first=True)',
      '        out, _ = self.rnn(x)\n        return self.fc(out[:, -1])',
    ),
    'the state used': net('nn.RNN(n_in, n)', '        out, h = self.rnn(x)\n        return self.fc(h[-1])'),
    'only the output taken': net('nn.RNN(n_in, n)', '        return self.fc(self.rnn(x)[0])'),
    'relu as its nonlinearity': net(
      "nn.RNN(n_in, n, nonlinearity='relu', batch_first=True)",
      '        out, h_n = self.rnn(x)\n        return self.fc(h_n.squeeze(0))',
    ),
    'imported by name': `import torch
from torch.nn import RNN, Module
class Net(Module):
    def __init__(self):
        super().__init__()
        self.rnn = RNN(input_size=4, hidden_size=8, num_layers=2)
    def forward(self, x):
        y, _ = self.rnn(x)
        return y
`,
    'known to be long': net(
      'nn.RNN(n_in, n, batch_first=True)',
      '        out, _ = self.rnn(x)\n        return self.fc(out)',
      'Net()(torch.randn(4, 100, 8))\n',
    ),
    'outside a module': torch('rnn = nn.RNN(4, 4)\nout, state = rnn(sequence)\nprint(state.shape)\n'),
    'ts: long': tf(`
const model = tf.sequential({ layers: [tf.layers.simpleRNN({ units: 8, inputShape: [50, 3] })] });
`),
    'ts: unknown': tf(`
const model = tf.sequential();
model.add(tf.layers.simpleRNN({ units: 8, inputShape: [null, 3] }));
`),
  },
  passes: {
    'an LSTM': net('nn.LSTM(n_in, n)', '        out, _ = self.rnn(x)\n        return self.fc(out)'),
    'a GRU': net('nn.GRU(n_in, n)', '        out, h = self.rnn(x)\n        return self.fc(h)'),
    'known to be short': net(
      'nn.RNN(n_in, n, batch_first=True)',
      '        out, _ = self.rnn(x)\n        return self.fc(out)',
      'Net()(torch.randn(4, 10, 8))\n',
    ),
    'short, time first': net(
      'nn.RNN(n_in, n)',
      '        out, _ = self.rnn(x)\n        return self.fc(out)',
      'Net()(torch.zeros(12, 4, 8))\n',
    ),
    'a class of the same name': `from mine import RNN
rnn = RNN(4, 4)
out, _ = rnn(x)
`,
    'a cell, one step': torch('cell = nn.RNNCell(4, 8)\nh = cell(x, h)\n'),
    'an own class called RNN': torch(`
class RNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.i2h = nn.Linear(8, 8)
    def forward(self, x, h):
        return torch.tanh(self.i2h(torch.cat((x, h), 1)))
rnn = RNN()
`),
    'ts: short': tf(`
const model = tf.sequential({ layers: [tf.layers.simpleRNN({ units: 8, inputShape: [10, 3] })] });
`),
    'ts: an LSTM': tf(`
const model = tf.sequential({ layers: [tf.layers.lstm({ units: 8, inputShape: [100, 3] })] });
`),
  },
};
