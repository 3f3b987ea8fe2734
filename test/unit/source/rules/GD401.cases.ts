import { tf, torch, type RuleCases } from './cases';

export const cases: RuleCases = {
  code: 'GD401',
  trips: {
    'a comprehension': torch(`
net = nn.Sequential(*[m for _ in range(20) for m in (nn.Linear(8, 8), nn.ReLU())])
`),
    'a default depth': torch(`
class Net(nn.Module):
    def __init__(self, depth=24):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(depth)])
    def forward(self, x):
        for layer in self.layers:
            x = F.relu(layer(x))
        return x
`),
    'an argument': torch(`
class Net(nn.Module):
    def __init__(self, depth):
        super().__init__()
        layers = [nn.Linear(4, 16), nn.ReLU()]
        for _ in range(depth):
            layers.append(nn.Linear(16, 16))
            layers.append(nn.ReLU())
        self.net = nn.Sequential(*layers)
    def forward(self, x):
        return self.net(x)

model = Net(depth=18)
`),
    'VGG with norms': torch(`
cfg = [64, 64, 'M', 128, 128, 'M', 256, 256, 256, 256, 'M', 512, 512, 512, 512, 'M', 512, 512, 512, 512, 'M']
def make_layers():
    layers = []
    channels = 3
    for v in cfg:
        if v == 'M':
            layers += [nn.MaxPool2d(2)]
        else:
            layers += [nn.Conv2d(channels, v, 3, padding=1), nn.BatchNorm2d(v), nn.ReLU(inplace=True)]
            channels = v
    return nn.Sequential(*layers)

class VGG(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = make_layers()
        self.classifier = nn.Linear(512, 10)
    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))
`),
    'blocks of two': torch(`
class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(n, n, 3), nn.ReLU(), nn.Conv2d(n, n, 3), nn.ReLU())
    def forward(self, x):
        return self.body(x)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*[Block(8) for _ in range(10)])
    def forward(self, x):
        return self.blocks(x)
`),
    'one layer used again and again': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(8, 8)
    def forward(self, x):
        for i in range(16):
            x = torch.relu(self.hidden(x))
        return x
`),
    setattr: torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.depth = 17
        for i in range(self.depth):
            setattr(self, f'layer', nn.Linear(4, 4))
        self.layers = nn.ModuleList()
        for i in range(self.depth):
            self.layers.append(nn.Linear(4, 4))
    def forward(self, x):
        for i, layer in enumerate(self.layers):
            x = layer(x).relu()
        return x
`),
    'ts: a loop': tf(`
const depth = 20;
const model = tf.sequential();
for (let i = 0; i < depth; i++) {
  model.add(tf.layers.dense({ units: 8, inputShape: [8], activation: 'relu' }));
}
`),
  },
  passes: {
    'fifteen layers': torch('net = nn.Sequential(*[m for _ in range(15) for m in (nn.Linear(8, 8), nn.ReLU())])\n'),
    'residual blocks': torch(`
class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.a = nn.Conv2d(n, n, 3, padding=1)
        self.b = nn.Conv2d(n, n, 3, padding=1)
    def forward(self, x):
        return F.relu(x + self.b(F.relu(self.a(x))))
net = nn.Sequential(*[Block(8) for _ in range(20)])
`),
    'a skip by an optional projection': torch(`
class Block(nn.Module):
    def __init__(self, i, o, downsample=None):
        super().__init__()
        self.a = nn.Conv2d(i, o, 3, padding=1)
        self.downsample = downsample
    def forward(self, x):
        identity = x
        out = self.a(x)
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return out
net = nn.Sequential(*[Block(8, 8) for _ in range(20)])
`),
    concatenation: torch(`
class Dense(nn.Module):
    def __init__(self, i, growth=8):
        super().__init__()
        self.conv = nn.Conv2d(i, growth, 3, padding=1)
    def forward(self, x):
        return torch.cat([x, F.relu(self.conv(x))], 1)
net = nn.Sequential(*[Dense(8 + 8 * i) for i in range(20)])
`),
    'silent where GD301 speaks': torch(
      'net = nn.Sequential(*[m for _ in range(20) for m in (nn.Linear(8, 8), nn.Sigmoid())])\n',
    ),
    'depth not known': torch(`
class Net(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.net = nn.Sequential(*[nn.Linear(8, 8) for _ in range(depth)])
    def forward(self, x):
        return self.net(x)
`),
    'a U of convolutions': torch(`
class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([nn.Conv2d(8, 8, 3, padding=1) for _ in range(9)])
        self.up = nn.ModuleList([nn.Conv2d(16, 8, 3, padding=1) for _ in range(9)])
    def forward(self, x):
        skips = []
        for layer in self.down:
            x = F.relu(layer(x))
            skips.append(x)
        for layer, skip in zip(self.up, reversed(skips)):
            x = F.relu(layer(torch.cat([x, skip], dim=1)))
        return x
`),
    'transformer layers of the library': torch(`
net = nn.TransformerEncoder(nn.TransformerEncoderLayer(64, 4), num_layers=24)
`),
    'ts: residual': tf(`
const input = tf.input({ shape: [8] });
let x = input;
for (let i = 0; i < 20; i++) {
  const y = tf.layers.dense({ units: 8, activation: 'relu' }).apply(x);
  x = tf.layers.add().apply([x, y]);
}
`),
  },
};
