import { tf, torch, type RuleCases } from './cases';

const net = (init: string): string =>
  torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(10, 20)
        self.fc2 = nn.Linear(20, 1)
${init}
    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))
`);

export const cases: RuleCases = {
  code: 'GD202',
  trips: {
    zeros: net('        nn.init.zeros_(self.fc1.weight)\n'),
    ones: net('        torch.nn.init.ones_(self.fc1.weight)\n'),
    'a constant': net('        nn.init.constant_(self.fc1.weight, 0.1)\n'),
    'data filled': net('        self.fc1.weight.data.fill_(0.5)\n'),
    'data zeroed': net('        self.fc1.weight.data.zero_()\n'),
    'over all modules': net(`        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.constant_(m.weight, 0.01)
                nn.init.zeros_(m.bias)
`),
    'through apply': torch(`
def init(m):
    if type(m) == nn.Conv2d:
        nn.init.zeros_(m.weight)

net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
net.apply(init)
`),
    'over the named parameters': net(`        for name, p in self.named_parameters():
            if 'weight' in name:
                nn.init.constant_(p, 0.0)
`),
    'ts: zeros': tf(`
const model = tf.sequential();
model.add(tf.layers.dense({ units: 16, inputShape: [4], activation: 'relu', kernelInitializer: 'zeros' }));
model.add(tf.layers.dense({ units: 1 }));
`),
    'ts: ones': tf(`
const model = tf.sequential({
  layers: [
    tf.layers.dense({ units: 16, inputShape: [4], activation: 'tanh', kernelInitializer: tf.initializers.ones() }),
    tf.layers.dense({ units: 1 }),
  ],
});
`),
  },
  passes: {
    'a bias at zero': net('        nn.init.zeros_(self.fc1.bias)\n'),
    'the last layer at zero': net('        nn.init.zeros_(self.fc2.weight)\n'),
    random: net('        nn.init.normal_(self.fc1.weight, std=0.1)\n'),
    'a norm at one': torch(`
net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
for m in net.modules():
    if isinstance(m, nn.BatchNorm1d):
        nn.init.constant_(m.weight, 1)
        nn.init.constant_(m.bias, 0)
`),
    'the last norm of a residual block at zero': torch(`
class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.conv1 = nn.Conv2d(n, n, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(n)
        self.conv2 = nn.Conv2d(n, n, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(n)
        nn.init.constant_(self.bn2.weight, 0)
    def forward(self, x):
        return x + self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
`),
    'the last layer of a residual branch at zero': torch(`
class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.a = nn.Linear(n, n)
        self.b = nn.Linear(n, n)
        nn.init.zeros_(self.b.weight)
    def forward(self, x):
        return x + self.b(F.relu(self.a(x)))
`),
    'set again later': net(`        nn.init.zeros_(self.fc1.weight)
        nn.init.xavier_uniform_(self.fc1.weight)
`),
    'under a condition that is not known': net(`        if debug:
            nn.init.zeros_(self.fc1.weight)
`),
    'a layer that is not known': net('        nn.init.zeros_(self.extra.weight)\n'),
    'ts: random': tf(`
const model = tf.sequential({
  layers: [
    tf.layers.dense({ units: 16, inputShape: [4], activation: 'relu', kernelInitializer: 'heNormal', biasInitializer: 'zeros' }),
    tf.layers.dense({ units: 1, kernelInitializer: 'zeros' }),
  ],
});
`),
  },
};
