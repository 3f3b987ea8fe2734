import { tf, torch, type RuleCases } from './cases';

export const cases: RuleCases = {
  code: 'GD402',
  trips: {
    'ten linear layers': torch('net = nn.Sequential(*[m for _ in range(10) for m in (nn.Linear(8, 8), nn.ReLU())])\n'),
    'a default depth': torch(`
class Net(nn.Module):
    def __init__(self, depth=12):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(8, 8, 3) for _ in range(depth)])
    def forward(self, x):
        for layer in self.layers:
            x = F.relu(layer(x))
        return x
`),
    'residual blocks without norms': torch(`
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(8, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 8, 3, padding=1)
    def forward(self, x):
        return x + self.b(F.relu(self.a(x)))
net = nn.Sequential(*[Block() for _ in range(6)])
`),
    'by hand': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(8, 8)
        self.l2 = nn.Linear(8, 8)
        self.l3 = nn.Linear(8, 8)
        self.l4 = nn.Linear(8, 8)
        self.l5 = nn.Linear(8, 8)
    def forward(self, x):
        for layer in [self.l1, self.l2, self.l3, self.l4, self.l5]:
            x = torch.relu(layer(x))
        return x
net = nn.Sequential(Net(), Net())
`),
    'saturating as well': torch(
      'net = nn.Sequential(*[m for _ in range(30) for m in (nn.Linear(8, 8), nn.Sigmoid())])\n',
    ),
    'encoder and decoder': torch(`
def stack(n):
    return nn.Sequential(*[m for _ in range(n) for m in (nn.Linear(8, 8), nn.LeakyReLU(0.2))])
class AE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = stack(6)
        self.decoder = stack(6)
    def forward(self, x):
        return self.decoder(self.encoder(x))
`),
    'an argument': torch(`
class MLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
    def forward(self, x):
        for layer in self.layers:
            x = F.elu(layer(x))
        return x
net = MLP([8] * 12)
`),
    'ts: a loop': tf(`
const model = tf.sequential();
for (let i = 0; i < 11; i++) model.add(tf.layers.dense({ units: 8, inputShape: [8], activation: 'relu' }));
`),
  },
  passes: {
    'a recurrent network by hand, called in a loop over the steps': torch(`
class RNN(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.i2h = nn.Linear(inputs + hidden, hidden)
        self.i2o = nn.Linear(inputs + hidden, outputs)
    def forward(self, x, h):
        both = torch.cat((x, h), 1)
        return self.i2o(both), self.i2h(both)
rnn = RNN(57, 128, 18)
def train(target, line):
    h = torch.zeros(1, 128)
    for i in range(20):
        output, h = rnn(line[i], h)
    loss = F.cross_entropy(output, target)
    loss.backward()
`),
    'a recurrent network by hand, with a layer for each input': torch(`
class RNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.x2h, self.h2h = nn.Linear(8, 32), nn.Linear(32, 32)
    def forward(self, x):
        h = torch.zeros(x.size(0), 32)
        for t in range(30):
            h = torch.tanh(self.x2h(x[:, t]) + self.h2h(h))
        return h
`),
    'one layer called at every time step': torch(`
class Decoder(nn.Module):
    def __init__(self, words, size=32, steps=20):
        super().__init__()
        self.embed = nn.Embedding(words, size)
        self.lstm = nn.LSTM(size, size, batch_first=True)
        self.linear = nn.Linear(size, words)
        self.steps = steps
    def forward(self, x, states=None):
        words = []
        for _ in range(self.steps):
            hidden, states = self.lstm(x, states)
            _, word = self.linear(hidden.squeeze(1)).max(1)
            words.append(word)
            x = self.embed(word).unsqueeze(1)
        return torch.stack(words, 1)
`),
    'nine layers': torch('net = nn.Sequential(*[m for _ in range(9) for m in (nn.Linear(8, 8), nn.ReLU())])\n'),
    'a norm in each block': torch(
      'net = nn.Sequential(*[m for _ in range(12) for m in (nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU())])\n',
    ),
    'a norm in the middle': torch(`
def stack(n):
    return [m for _ in range(n) for m in (nn.Linear(8, 8), nn.ReLU())]
net = nn.Sequential(*stack(6), nn.LayerNorm(8), *stack(6))
`),
    'depth not known': torch(`
def build(depth):
    return nn.Sequential(*[nn.Linear(8, 8) for _ in range(depth)])
`),
    'a norm of an own class': torch(`
class LayerNorm2d(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1, n, 1, 1))
    def forward(self, x):
        mean = x.mean(dim=1, keepdim=True)
        deviation = torch.sqrt(x.var(dim=1, keepdim=True) + 1e-5)
        return (x - mean) / deviation * self.gain
net = nn.Sequential(*[m for _ in range(12) for m in (nn.Conv2d(8, 8, 3), LayerNorm2d(8), nn.ReLU())])
`),
    'norms in dense blocks': torch(`
class Dense(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(n, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ELU())
        self.out = nn.Conv2d(n + 8, n, 1)
    def forward(self, x):
        return self.out(torch.cat([x, self.conv(x)], dim=1))
net = nn.Sequential(*[Dense(16) for _ in range(12)])
`),
    'weight normalization': torch(`
net = nn.Sequential(*[m for _ in range(12) for m in (nn.utils.parametrizations.weight_norm(nn.Linear(8, 8)), nn.ReLU())])
`),
    'blocks of another file': torch(`
from blocks import Block
net = nn.Sequential(*[Block(8) for _ in range(12)])
`),
    'in parallel': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleList([nn.Linear(8, 8) for _ in range(16)])
    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)
`),
    'transformer layers': torch('net = nn.TransformerEncoder(nn.TransformerEncoderLayer(64, 4), 12)\n'),
    'ts: batch normalization': tf(`
const model = tf.sequential();
for (let i = 0; i < 11; i++) {
  model.add(tf.layers.dense({ units: 8, inputShape: [8] }));
  model.add(tf.layers.batchNormalization());
  model.add(tf.layers.reLU());
}
`),
  },
};
