/** Networks in the different styles of writing them. */
import { imports, net } from './cases';

export const deepAttributes = net(
  `
self.fc1 = nn.Linear(8, 16)
self.fc2 = nn.Linear(16, 16)
self.fc3 = nn.Linear(16, 16)
self.head = nn.Linear(16, 2)`,
  `
x = torch.sigmoid(self.fc1(x))
x = torch.sigmoid(self.fc2(x))
x = torch.sigmoid(self.fc3(x))
return self.head(x)`,
);

export const nested = net(
  `
self.a = nn.Linear(8, 8)
self.b = nn.Linear(8, 8)
self.act = nn.Tanh()
self.head = nn.Linear(8, 2)`,
  'return self.head(self.act(self.b(self.act(self.a(x.flatten(1))))))',
);

export const spread = net(
  `
self.a = nn.Linear(8, 8)
self.norm = nn.LayerNorm(8)
self.b = nn.Linear(8, 2)`,
  `
x = self.a(x)
x = self.norm(x)
x = F.tanh(x)
return self.b(x)`,
);

export const deepSequence = `import torch
from torch import nn

net = nn.Sequential(
    nn.Linear(8, 8),
    nn.Sigmoid(),
    nn.Linear(8, 8),
    nn.Sigmoid(),
    nn.Linear(8, 8),
    nn.Sigmoid(),
    nn.Linear(8, 2),
)
`;

export const deepLoop = net(
  `
self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(4)])
self.head = nn.Linear(8, 2)`,
  `
for layer in self.layers:
    x = torch.sigmoid(layer(x))
return self.head(x)`,
);

export const grownList = `import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, features=20, width=8, depth=4, classes=2):
        super().__init__()
        layers = [nn.Linear(features, width), nn.Sigmoid()]
        for _ in range(depth - 1):
            layers += [nn.Linear(width, width), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        return self.head(self.layers(x))
`;

export const convolutionsInLoop = net(
  `
width = 8
layers = []
for i in range(9):
    layers.append(nn.Conv2d(3 if i == 0 else width, width, 3, padding=1))
    layers.append(nn.ReLU())
    if i == 4:
        layers.append(nn.MaxPool2d(2))
self.features = nn.Sequential(*layers)
self.head = nn.Linear(width, 2)`,
  'return self.head(self.features(x).mean((2, 3)))',
);

export const widerFirst = net(
  `
self.layers = nn.ModuleList(nn.Linear(20 if i == 0 else 8, 8) for i in range(5))
self.head = nn.Linear(8, 2)`,
  `
for layer in self.layers:
    x = torch.tanh(layer(x))
return self.head(x)`,
);

export const appended = `import torch
from torch import nn


def build(width, depth):
    layers = []
    for _ in range(depth):
        layers.append(nn.Linear(width, width))
        layers.append(nn.Tanh())
    layers.append(nn.Linear(width, 2))
    return nn.Sequential(*layers)


net = build(8, 4)
`;

export const named = `from collections import OrderedDict

import torch
import torch.nn as nn

net = nn.Sequential(OrderedDict([
    ("fc1", nn.Linear(8, 8)),
    ("act1", nn.Tanh()),
    ("fc2", nn.Linear(8, 8)),
    ("act2", nn.Tanh()),
    ("head", nn.Linear(8, 2)),
]))
`;

export const convolutions = net(
  `
self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU())
self.conv = nn.Conv2d(8, 8, 3, padding=1)
self.head = nn.Linear(8 * 16, 2)`,
  `
x = self.stem(x)
x = F.relu(F.max_pool2d(self.conv(x), 2))
return self.head(x.flatten(1))`,
);

export const convolutionBlocks = `${imports}

class Block(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        return out


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(Block(3, 8), Block(8, 8), Block(8, 16, stride=2))
        self.head = nn.Linear(16, 2)

    def forward(self, x):
        return self.head(self.blocks(x).mean((2, 3)))
`;

export const recurrent = (type: string, forward: string, options = '', head = ''): string =>
  net(
    `
self.rnn = nn.${type}(12, 16, batch_first=True${options})
self.head = nn.Linear(16, 2)${head}`,
    forward,
  );
