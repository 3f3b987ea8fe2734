import { tf, torch, type RuleCases } from './cases';

export const cases: RuleCases = {
  code: 'GD303',
  trips: {
    'in a Sequential': torch('net = nn.Sequential(nn.Linear(8, 16), nn.Linear(16, 4))\n'),
    'in a Sequential on lines': torch(`
net = nn.Sequential(
    nn.Linear(8, 16),
    nn.ReLU(),
    nn.Linear(16, 16),
    nn.Linear(16, 4),
)
`),
    'in forward': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 16)
        self.fc2 = nn.Linear(16, 4)
    def forward(self, x):
        x = self.fc1(x)
        x = self.fc2(x)
        return x
`),
    'in one expression': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 16)
        self.fc2 = nn.Linear(16, 4)
    def forward(self, x):
        return self.fc2(self.fc1(x))
`),
    'dropout between': torch('net = nn.Sequential(nn.Linear(8, 16), nn.Dropout(0.5), nn.Linear(16, 4))\n'),
    'a reshape between': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 16)
        self.b = nn.Linear(16, 4)
    def forward(self, x):
        return self.b(self.a(x).view(-1, 16))
`),
    'across modules': torch(`
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(8, 16)
    def forward(self, x):
        return self.out(x)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.head = nn.Linear(16, 4)
    def forward(self, x):
        return self.head(self.encoder(x))
`),
    'of a list': torch('net = nn.Sequential(*[nn.Linear(8, 16), nn.Linear(16, 4)])\n'),
    'ts: dense and dense': tf(`
const model = tf.sequential();
model.add(tf.layers.dense({ units: 16, inputShape: [8] }));
model.add(tf.layers.dense({ units: 4 }));
`),
    'ts: functional': tf(`
const input = tf.input({ shape: [8] });
const hidden = tf.layers.dense({ units: 16, useBias: true }).apply(input);
const output = tf.layers.dense({ units: 2, activation: 'softmax' }).apply(hidden);
`),
  },
  passes: {
    'relu between': torch('net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))\n'),
    'functional relu between': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 16)
        self.b = nn.Linear(16, 4)
    def forward(self, x):
        return self.b(F.gelu(self.a(x)))
`),
    'a norm between': torch('net = nn.Sequential(nn.Linear(8, 16), nn.LayerNorm(16), nn.Linear(16, 4))\n'),
    'a narrow layer between wide ones': torch('net = nn.Sequential(nn.Linear(64, 8), nn.Linear(8, 64))\n'),
    'a width that is not known, which may be narrow': torch(`
class LoRA(nn.Module):
    def __init__(self, inputs, outputs, rank=4):
        super().__init__()
        self.down = nn.Linear(inputs, rank, bias=False)
        self.up = nn.Linear(rank, outputs, bias=False)
    def forward(self, x):
        return self.up(self.down(x))
`),
    'two heads': torch(`
class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(8, 16)
        self.mean = nn.Linear(16, 2)
        self.deviation = nn.Linear(16, 2)
    def forward(self, x):
        h = self.body(x)
        return self.mean(h), self.deviation(h)
`),
    'max pooling between': torch(`
net = nn.Sequential(nn.Linear(8, 16), nn.MaxPool1d(2), nn.Linear(8, 4))
`),
    'a product between': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 8)
        self.b = nn.Linear(8, 8)
    def forward(self, x):
        return self.b(self.a(x) * x)
`),
    'a function that is not known': torch(`
class Net(nn.Module):
    def __init__(self, act):
        super().__init__()
        self.a = nn.Linear(8, 16)
        self.act = act
        self.b = nn.Linear(16, 4)
    def forward(self, x):
        return self.b(self.act(self.a(x)))
`),
    convolutions: torch('net = nn.Sequential(nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 16, 1))\n'),
    'ts: with an activation': tf(`
const model = tf.sequential();
model.add(tf.layers.dense({ units: 16, inputShape: [8], activation: 'relu' }));
model.add(tf.layers.dense({ units: 4 }));
`),
    'ts: an activation layer': tf(`
const model = tf.sequential();
model.add(tf.layers.dense({ units: 16, inputShape: [8] }));
model.add(tf.layers.leakyReLU());
model.add(tf.layers.dense({ units: 4 }));
`),
  },
};
