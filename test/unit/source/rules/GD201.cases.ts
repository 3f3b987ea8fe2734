import { tf, torch, type RuleCases } from './cases';

const net = (init: string, act = 'F.relu'): string => `
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(10, 20)
        self.fc2 = nn.Linear(20, 20)
        self.fc3 = nn.Linear(20, 1)
${init}
    def forward(self, x):
        x = ${act}(self.fc1(x))
        x = ${act}(self.fc2(x))
        return self.fc3(x)
`;

export const cases: RuleCases = {
  code: 'GD201',
  trips: {
    'Xavier before relu, by attribute': torch(net('        nn.init.xavier_uniform_(self.fc1.weight)\n')),
    'Xavier over all modules': torch(
      net(`        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_normal_(m.weight)
                nn.init.zeros_(m.bias)
`),
    ),
    'Xavier through apply': torch(`
def init_weights(m):
    if isinstance(m, nn.Linear):
        torch.nn.init.xavier_uniform_(m.weight)
        m.bias.data.fill_(0.01)

net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
net.apply(init_weights)
`),
    'Xavier before GELU in a convolution': torch(`
class Conv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3)
        self.act = nn.GELU()
        self.conv2 = nn.Conv2d(16, 8, 3)
        nn.init.xavier_normal_(self.conv1.weight)

    def forward(self, x):
        return self.conv2(self.act(self.conv1(x)))
`),
    'Kaiming before tanh': torch(net('        nn.init.kaiming_normal_(self.fc1.weight)\n', 'torch.tanh')),
    'Kaiming for relu before sigmoid': torch(
      net(
        `        for layer in [self.fc1, self.fc2]:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity='relu')
`,
        'torch.sigmoid',
      ),
    ),
    'Kaiming with the gain of tanh before relu': torch(
      net("        nn.init.kaiming_normal_(self.fc2.weight, nonlinearity='tanh')\n"),
    ),
    'imported by name': `from torch import nn
from torch.nn.init import xavier_uniform_
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.b = nn.Linear(4, 4)
        xavier_uniform_(self.a.weight)
    def forward(self, x):
        return self.b(self.a(x).relu())
`,
    'ts: glorot before relu': tf(`
const model = tf.sequential();
model.add(tf.layers.dense({ units: 16, inputShape: [4], activation: 'relu', kernelInitializer: 'glorotNormal' }));
model.add(tf.layers.dense({ units: 1 }));
`),
    'ts: he before tanh': tf(`
const model = tf.sequential({
  layers: [
    tf.layers.dense({ units: 16, inputShape: [4], kernelInitializer: 'heUniform', activation: 'tanh' }),
    tf.layers.dense({ units: 1 }),
  ],
});
`),
  },
  passes: {
    'Kaiming before relu': torch(net("        nn.init.kaiming_normal_(self.fc1.weight, nonlinearity='relu')\n")),
    'Kaiming by default before relu': torch(net('        nn.init.kaiming_uniform_(self.fc1.weight)\n')),
    'Xavier before tanh': torch(net('        nn.init.xavier_uniform_(self.fc1.weight)\n', 'torch.tanh')),
    'Xavier with the gain of relu': torch(
      net("        nn.init.xavier_uniform_(self.fc1.weight, gain=nn.init.calculate_gain('relu'))\n"),
    ),
    'Xavier for the output layer': torch(net('        nn.init.xavier_uniform_(self.fc3.weight)\n')),
    'the default of nn.Linear written out': torch(
      net('        nn.init.kaiming_uniform_(self.fc1.weight, a=math.sqrt(5))\n', 'torch.tanh'),
    ),
    'a norm between': torch(`
net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
nn.init.xavier_uniform_(net[0].weight)
`),
    'a norm before, whose result a residual uses as well': torch(`
class Layer(nn.Module):
    def __init__(self, n=64):
        super().__init__()
        self.norm = nn.LayerNorm(n)
        self.fc1 = nn.Linear(n, 4 * n)
        self.fc2 = nn.Linear(4 * n, n)
        nn.init.xavier_uniform_(self.fc1.weight)
        nn.init.xavier_uniform_(self.fc2.weight)
    def forward(self, x):
        h = self.norm(x)
        return h + self.fc2(F.relu(self.fc1(h)))
`),
    'behind one norm or another, one of them not known': torch(`
from apex.normalization import FusedLayerNorm
def norm(n, fused=True):
    if fused:
        return FusedLayerNorm(n)
    return nn.LayerNorm(n)
class FeedForward(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.fc1 = nn.Linear(n, 4 * n)
        self.fc2 = nn.Linear(4 * n, n)
        nn.init.xavier_uniform_(self.fc1.weight)
    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))
class Layer(nn.Module):
    def __init__(self, n, fused):
        super().__init__()
        self.norm = norm(n, fused)
        self.feed_forward = FeedForward(n)
    def forward(self, x):
        h = self.norm(x)
        return h + self.feed_forward(h)
`),
    'a norm of an own class': torch(`
class Norm(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
class Plain(nn.LayerNorm):
    pass
class Block(nn.Module):
    def __init__(self, n=64):
        super().__init__()
        self.body = nn.Sequential(Norm(n), nn.Conv2d(n, n, 1), nn.GELU(), Plain(n), nn.Conv2d(n, n, 1), nn.ReLU(), nn.Conv2d(n, n, 1))
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.xavier_uniform_(m.weight)
    def forward(self, x):
        return self.body(x)
`),
    'before the sigmoid of a gate': torch(`
class SqueezeExcite(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.fc1 = nn.Conv2d(n, n // 4, 1)
        self.fc2 = nn.Conv2d(n // 4, n, 1)
    def forward(self, x):
        s = F.relu(self.fc1(x.mean((2, 3), keepdim=True)))
        return x * torch.sigmoid(self.fc2(s))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), SqueezeExcite(16), nn.Conv2d(16, 16, 3), nn.BatchNorm2d(16))
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode='fan_out', nonlinearity='relu')
    def forward(self, x):
        return self.body(x)
`),
    'before the SiLU of a gated unit': torch(`
class GatedUnit(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.gate = nn.Linear(n, n)
        self.up = nn.Linear(n, n)
        self.down = nn.Linear(n, n)
        nn.init.xavier_uniform_(self.gate.weight)
    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))
`),
    'mixed activations in one network': torch(`
def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)

net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))
net.apply(init_weights)
`),
    'replaced later': torch(
      net(`        nn.init.xavier_uniform_(self.fc1.weight)
        nn.init.kaiming_normal_(self.fc1.weight, nonlinearity='relu')
`),
    ),
    'which one is not known': torch(
      net(`        if config.xavier:
            nn.init.xavier_uniform_(self.fc1.weight)
        else:
            nn.init.kaiming_normal_(self.fc1.weight)
`),
    ),
    'ts: he before relu': tf(`
const model = tf.sequential({
  layers: [
    tf.layers.dense({ units: 16, inputShape: [4], kernelInitializer: 'heNormal', activation: 'relu' }),
    tf.layers.dense({ units: 1 }),
  ],
});
`),
    'ts: the default': tf(`
const model = tf.sequential({
  layers: [tf.layers.dense({ units: 16, inputShape: [4], activation: 'relu' }), tf.layers.dense({ units: 1 })],
});
`),
  },
};
