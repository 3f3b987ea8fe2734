import { tf, torch, type RuleCases } from './cases';

export const cases: RuleCases = {
  code: 'GD301',
  trips: {
    'a Sequential': torch(`
net = nn.Sequential(
    nn.Linear(8, 8), nn.Sigmoid(),
    nn.Linear(8, 8), nn.Sigmoid(),
    nn.Linear(8, 8), nn.Sigmoid(),
    nn.Linear(8, 8), nn.Sigmoid(),
    nn.Linear(8, 1))
`),
    'attributes and functional calls': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 8)
        self.b = nn.Linear(8, 8)
        self.c = nn.Linear(8, 8)
        self.d = nn.Linear(8, 8)
        self.e = nn.Linear(8, 1)

    def forward(self, x):
        x = torch.tanh(self.a(x))
        x = torch.tanh(self.b(x))
        x = torch.tanh(self.c(x))
        x = torch.tanh(self.d(x))
        return self.e(x)
`),
    'a ModuleList from a default argument': torch(`
class Net(nn.Module):
    def __init__(self, depth=30, width=64):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])

    def forward(self, x):
        for layer in self.layers:
            x = torch.sigmoid(layer(x))
        return x
`),
    'a list built in a loop, with a constant': torch(`
DEPTH = 6
def make_mlp():
    layers = []
    for i in range(DEPTH):
        layers.append(nn.Linear(16, 16))
        layers.append(nn.Tanh())
    return nn.Sequential(*layers)

model = make_mlp()
`),
    'blocks of an own class': torch(`
class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.linear = nn.Linear(n, n)
        self.act = nn.Sigmoid()
    def forward(self, x):
        return self.act(self.linear(x))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(Block(8), Block(8), Block(8), Block(8), Block(8))
        self.head = nn.Linear(8, 2)
    def forward(self, x):
        return self.head(self.body(x))
`),
    'convolutions with pooling': torch(`
class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
            nn.Conv2d(16, 120, 5), nn.Tanh())
        self.fc1 = nn.Linear(120, 84)
        self.fc2 = nn.Linear(84, 10)
    def forward(self, x):
        x = torch.flatten(self.features(x), 1)
        return self.fc2(torch.tanh(self.fc1(x)))
`),
    'methods of tensors, one layer used several times': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 32)
        self.hidden = nn.Linear(32, 32)
    def forward(self, x):
        x = self.first(x).sigmoid()
        for _ in range(5):
            x = self.hidden(x).sigmoid()
        return x
`),
    'the activation as an argument': torch(`
class MLP(nn.Module):
    def __init__(self, sizes, activation=nn.Tanh):
        super().__init__()
        layers = []
        for a, b in zip(sizes[:-1], sizes[1:]):
            layers += [nn.Linear(a, b), activation()]
        self.net = nn.Sequential(*layers)
    def forward(self, x):
        return self.net(x)

model = MLP([4, 32, 32, 32, 32, 1])
`),
    'dropout between': torch(`
net = nn.Sequential()
for i in range(4):
    net.add_module(f'linear{i}', nn.Linear(8, 8))
    net.add_module(f'act{i}', nn.Sigmoid())
    net.add_module(f'drop{i}', nn.Dropout(0.1))
`),
    'ts: add in a loop': tf(`
const model = tf.sequential();
model.add(tf.layers.dense({ units: 32, inputShape: [8], activation: 'sigmoid' }));
for (let i = 0; i < 5; i++) {
  model.add(tf.layers.dense({ units: 32, activation: 'sigmoid' }));
}
model.add(tf.layers.dense({ units: 1 }));
`),
    'ts: functional': tf(`
const input = tf.input({ shape: [8] });
let x = tf.layers.dense({ units: 8, activation: 'tanh' }).apply(input);
x = tf.layers.dense({ units: 8, activation: 'tanh' }).apply(x);
x = tf.layers.dense({ units: 8, activation: 'tanh' }).apply(x);
x = tf.layers.dense({ units: 8, activation: 'tanh' }).apply(x);
const model = tf.model({ inputs: input, outputs: tf.layers.dense({ units: 1 }).apply(x) });
`),
  },
  passes: {
    'three of them': torch(`
net = nn.Sequential(nn.Linear(8, 8), nn.Sigmoid(), nn.Linear(8, 8), nn.Sigmoid(), nn.Linear(8, 8), nn.Sigmoid(), nn.Linear(8, 1))
`),
    'relu instead': torch(`
net = nn.Sequential(*[m for _ in range(8) for m in (nn.Linear(8, 8), nn.ReLU())])
`),
    'a norm in each': torch(`
net = nn.Sequential(*[m for _ in range(8) for m in (nn.Linear(8, 8), nn.LayerNorm(8), nn.Tanh())])
`),
    residual: torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(10)])
    def forward(self, x):
        for layer in self.layers:
            x = x + torch.tanh(layer(x))
        return x
`),
    'gates of a cell': torch(`
class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.i = nn.Linear(8, 8)
        self.f = nn.Linear(8, 8)
        self.o = nn.Linear(8, 8)
        self.g = nn.Linear(8, 8)
    def forward(self, x, c):
        c = torch.sigmoid(self.f(x)) * c + torch.sigmoid(self.i(x)) * torch.tanh(self.g(x))
        return torch.sigmoid(self.o(x)) * torch.tanh(c), c
`),
    'depth not known': torch(`
class Net(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(depth)])
    def forward(self, x):
        for layer in self.layers:
            x = torch.sigmoid(layer(x))
        return x
`),
    'an activation that is not known': torch(`
from mine import Sigmoid
net = nn.Sequential(*[m for _ in range(8) for m in (nn.Linear(8, 8), Sigmoid())])
`),
    'a norm that a flag may add': torch(`
class Block(nn.Module):
    def __init__(self, n, norm=False):
        super().__init__()
        self.linear = nn.Linear(n, n)
        self.norm = nn.LayerNorm(n) if norm else None
    def forward(self, x):
        x = self.linear(x)
        if self.norm is not None:
            x = self.norm(x)
        return torch.tanh(x)
def build(norm):
    return nn.Sequential(*[Block(8, norm) for _ in range(8)])
`),
    'mixed with relu': torch(`
net = nn.Sequential(
    nn.Linear(8, 8), nn.Sigmoid(), nn.Linear(8, 8), nn.ReLU(),
    nn.Linear(8, 8), nn.Sigmoid(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.Sigmoid())
`),
    'weight-normalized': torch(`
from torch.nn.utils import weight_norm
net = nn.Sequential(*[m for _ in range(8) for m in (weight_norm(nn.Linear(8, 8)), nn.Tanh())])
`),
    'switched off': torch(`
# gradient-doctor: disable=GD301
net = nn.Sequential(*[m for _ in range(8) for m in (nn.Linear(8, 8), nn.Sigmoid())])
`),
    'ts: relu': tf(`
const model = tf.sequential();
for (let i = 0; i < 8; i++) model.add(tf.layers.dense({ units: 32, inputShape: [32], activation: 'relu' }));
`),
    'ts: batch normalization between': tf(`
const model = tf.sequential();
for (let i = 0; i < 8; i++) {
  model.add(tf.layers.dense({ units: 32, inputShape: [32], activation: 'sigmoid' }));
  model.add(tf.layers.batchNormalization());
}
`),
  },
};
