import { tf, torch, type RuleCases } from './cases';

export const cases: RuleCases = {
  code: 'GD406',
  trips: {
    'in a Sequential': torch('net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())\n'),
    attributes: torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, kernel_size=3, padding=1)
        self.bn = nn.BatchNorm2d(8)
    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))
`),
    'bias=True written out': torch('net = nn.Sequential(nn.Conv1d(3, 8, 3, bias=True), nn.BatchNorm1d(8))\n'),
    'a linear layer': torch('net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))\n'),
    'in a loop': torch(`
layers = []
for i in range(4):
    layers.append(nn.Conv2d(8, 8, 3, padding=1))
    layers.append(nn.BatchNorm2d(8))
    layers.append(nn.ReLU())
net = nn.Sequential(*layers)
`),
    'in a helper': torch(`
def conv_block(i, o):
    return nn.Sequential(
        nn.Conv2d(
            i,
            o,
            3,
            stride=2,
        ),
        nn.BatchNorm2d(o),
        nn.LeakyReLU(0.2),
    )
net = nn.Sequential(conv_block(3, 16), conv_block(16, 32))
`),
    transposed: torch('net = nn.Sequential(nn.ConvTranspose2d(8, 4, 4, 2, 1), nn.BatchNorm2d(4), nn.ReLU())\n'),
    'nested calls': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv3d(1, 8, 3)
        self.bn1 = nn.BatchNorm3d(8)
    def forward(self, x):
        return self.bn1(self.conv1(x)).relu()
`),
    'ts: conv2d': tf(`
const model = tf.sequential();
model.add(tf.layers.conv2d({ filters: 8, kernelSize: 3, inputShape: [28, 28, 1] }));
model.add(tf.layers.batchNormalization());
`),
  },
  passes: {
    'without a bias': torch('net = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8))\n'),
    'an activation between': torch('net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.BatchNorm2d(8))\n'),
    'no norm': torch('net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())\n'),
    'layer normalization keeps a mean over channels': torch(
      'net = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.ReLU())\n',
    ),
    'used elsewhere too': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.bn = nn.BatchNorm2d(8)
    def forward(self, x):
        y = self.conv(x)
        return self.bn(y) + y
`),
    'a bias that a flag decides': torch(`
def conv(i, o, bias):
    return nn.Sequential(nn.Conv2d(i, o, 3, bias=bias), nn.BatchNorm2d(o))
net = conv(3, 8, bias=use_bias)
`),
    'arguments that are not known': torch('net = nn.Sequential(nn.Conv2d(3, 8, 3, **options), nn.BatchNorm2d(8))\n'),
    'a norm that is only there by choice': torch(`
class Block(nn.Module):
    def __init__(self, n, norm):
        super().__init__()
        self.conv = nn.Conv2d(n, n, 3)
        self.norm = nn.BatchNorm2d(n) if norm else nn.Identity()
    def forward(self, x):
        return self.norm(self.conv(x))
`),
    'ts: useBias false': tf(`
const model = tf.sequential();
model.add(tf.layers.conv2d({ filters: 8, kernelSize: 3, useBias: false, inputShape: [28, 28, 1] }));
model.add(tf.layers.batchNormalization());
`),
    'ts: an activation between': tf(`
const model = tf.sequential();
model.add(tf.layers.conv2d({ filters: 8, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }));
model.add(tf.layers.batchNormalization());
`),
  },
};
