import { tf, torch, type RuleCases } from './cases';

const stack = (depth: number, init: string, act = 'nn.Tanh()'): string =>
  torch(`
class Net(nn.Module):
    def __init__(self, depth=${depth}, width=256):
        super().__init__()
        layers = []
        for _ in range(depth):
            layers += [nn.Linear(width, width), ${act}]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(width, 10)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                ${init}

    def forward(self, x):
        return self.head(self.body(x))
`);

export const cases: RuleCases = {
  code: 'GD203',
  trips: {
    'normal, too small': stack(6, 'nn.init.normal_(m.weight, mean=0.0, std=0.01)'),
    'normal, too large': stack(6, 'nn.init.normal_(m.weight, 0, 1)'),
    'normal by default': stack(5, 'nn.init.normal_(m.weight)'),
    'uniform, too large': stack(6, 'nn.init.uniform_(m.weight, -1, 1)'),
    'uniform by default': stack(6, 'nn.init.uniform_(m.weight)'),
    'data, in place': stack(6, 'm.weight.data.normal_(0.0, 0.005)'),
    'before relu': stack(8, 'nn.init.normal_(m.weight, std=0.01)', 'nn.ReLU()'),
    'layer by layer': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(400, 400)
        self.b = nn.Linear(400, 400)
        self.c = nn.Linear(400, 400)
        self.d = nn.Linear(400, 10)
        nn.init.normal_(self.a.weight, std=1e-3)
        nn.init.normal_(self.b.weight, std=1e-3)
        nn.init.normal_(self.c.weight, std=1e-3)
        nn.init.normal_(self.d.weight, std=1e-3)

    def forward(self, x):
        return self.d(F.relu(self.c(F.relu(self.b(F.relu(self.a(x)))))))
`),
    'truncated, in convolutions': torch(`
net = nn.Sequential(
    nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU(),
    nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Conv2d(64, 1, 3))
for layer in net:
    if isinstance(layer, nn.Conv2d):
        nn.init.trunc_normal_(layer.weight, std=0.001)
`),
    'ts: randomNormal': tf(`
const model = tf.sequential();
model.add(tf.layers.dense({ units: 256, inputShape: [256], activation: 'relu', kernelInitializer: tf.initializers.randomNormal({ stddev: 0.005 }) }));
for (let i = 0; i < 4; i++) {
  model.add(tf.layers.dense({ units: 256, activation: 'relu', kernelInitializer: tf.initializers.randomNormal({ stddev: 0.005 }) }));
}
model.add(tf.layers.dense({ units: 1 }));
`),
  },
  passes: {
    'about right': stack(6, 'nn.init.normal_(m.weight, std=0.05)'),
    'within a factor of 3': stack(6, 'nn.init.normal_(m.weight, std=0.03)'),
    'three layers only': stack(2, 'nn.init.normal_(m.weight, std=0.001)'),
    Kaiming: stack(6, 'nn.init.kaiming_normal_(m.weight)', 'nn.ReLU()'),
    'a norm after each': torch(`
layers = []
for _ in range(6):
    layers += [nn.Linear(256, 256), nn.BatchNorm1d(256), nn.ReLU()]
net = nn.Sequential(*layers)
for m in net.modules():
    if isinstance(m, nn.Linear):
        nn.init.normal_(m.weight, std=0.001)
`),
    'residual blocks': torch(`
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(512, 512)
        self.b = nn.Linear(512, 512)
    def forward(self, x):
        return x + self.b(F.gelu(self.a(x)))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block() for _ in range(6)])
        for p in self.modules():
            if isinstance(p, nn.Linear):
                nn.init.normal_(p.weight, std=0.002)
    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x
`),
    'many networks of two layers': torch(`
class Bias(nn.Module):
    def __init__(self):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(2, 512), nn.ReLU(), nn.Linear(512, 4))
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.trunc_normal_(m.weight, std=0.02)
    def forward(self, table):
        return self.mlp(table)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.biases = nn.ModuleList([Bias() for _ in range(6)])
    def forward(self, x):
        return [bias(x) for bias in self.biases]
`),
    'after norms that are not known': torch(`
class Block(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.norm = norm(512)
        self.mlp = nn.Linear(512, 512)
        nn.init.normal_(self.mlp.weight, std=0.002)
    def forward(self, x):
        return F.relu(self.mlp(self.norm(x)))
def build(norm):
    return nn.Sequential(*[Block(norm) for _ in range(6)])
`),
    'a deviation that is computed': stack(6, 'nn.init.normal_(m.weight, std=1 / math.sqrt(m.in_features))'),
    'the deviation not known': stack(6, 'nn.init.normal_(m.weight, std=config.std)'),
    'the width not known': torch(`
def build(width):
    net = nn.Sequential(*[nn.Linear(width, width) for _ in range(8)])
    for m in net:
        nn.init.normal_(m.weight, std=0.001)
    return net
`),
    'ts: about right': tf(`
const model = tf.sequential();
for (let i = 0; i < 6; i++) {
  model.add(tf.layers.dense({ units: 256, inputShape: [256], activation: 'tanh', kernelInitializer: tf.initializers.randomNormal({ stddev: 0.06 }) }));
}
`),
  },
};
