import { imports, indent, net, use, type EditCase } from './cases';
import {
  appended,
  convolutionBlocks,
  convolutionsInLoop,
  deepAttributes,
  deepLoop,
  deepSequence,
  grownList,
  named,
  nested,
  spread,
  widerFirst,
} from './networks';

const transformerBlock = (forward: string): string => `${imports}

class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.linear1, self.linear2 = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x):
${indent(forward, 8)}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(8) for _ in range(3)])
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean(1))
`;

const transformerCheck = `
net = after.Net()
x = torch.randn(4, 5, 8)
backward(net, x)
h = x
for block in net.blocks:
    n = block.norm1(h)
    h = h + block.attention(n, n, n)[0]
    h = h + block.linear2(torch.nn.functional.gelu(block.linear1(block.norm2(h))))
close(net(x), net.head(h.mean(1)))
`;

export const skipCases: readonly EditCase[] = [
  {
    name: 'transformer blocks: around attention and the feed-forward pair',
    program: transformerBlock(`
h = self.norm1(x)
x = self.attention(h, h, h, need_weights=False)[0]
return self.linear2(F.gelu(self.linear1(self.norm2(x))))
`),
    uses: use('residual'),
    contains: ['x = x + self.attention(h, h, h, need_weights=False)[0]', 'return x + self.linear2('],
    check: transformerCheck,
    again: /already/,
  },
  {
    name: 'transformer blocks, the pair that attention returns unpacked',
    program: transformerBlock(`
h = self.norm1(x)
y, _ = self.attention(h, h, h)
h = self.norm2(y)
h = F.gelu(self.linear1(h))
return self.linear2(h)
`),
    uses: use('residual'),
    contains: ['y = x + y', 'return y + self.linear2(h)'],
    check: transformerCheck,
    again: /already/,
  },
  {
    name: 'attributes: around what keeps its shape',
    program: deepAttributes,
    uses: use('residual'),
    contains: ['x = torch.sigmoid(self.fc1(x))', 'x = x + torch.sigmoid(self.fc2(x))'],
    check: `
net = after.Net()
x = torch.randn(4, 8)
backward(net, x)
h = torch.sigmoid(net.fc1(x))
h = h + torch.sigmoid(net.fc2(h))
h = h + torch.sigmoid(net.fc3(h))
close(net(x), net.head(h))
`,
    again: /skip/,
  },
  {
    name: 'attributes, with a projection',
    program: deepAttributes,
    uses: use('residual', { projection: true }),
    contains: ['self.fc1_skip = nn.Linear(8, 16, bias=False)', 'x = self.fc1_skip(x) + torch.sigmoid(self.fc1(x))'],
    check: `backward(after.Net(), torch.randn(4, 8))`,
  },
  ...(
    [
      [
        'attributes set in a loop by a formatted name',
        'for i in range(4):\n    setattr(self, f"fc{i}", nn.Linear(8, 8))',
        'for i in range(4):\n    x = torch.tanh(getattr(self, f"fc{i}")(x))',
        '[getattr(net, f"fc{i}") for i in range(4)]',
      ],
      [
        'a ModuleDict, filled in a loop',
        'self.layers = nn.ModuleDict()\nfor i in range(4):\n    self.layers[f"fc{i}"] = nn.Linear(8, 8)',
        'for layer in self.layers.values():\n    x = torch.tanh(layer(x))',
        'net.layers.values()',
      ],
      [
        'a ModuleDict of a comprehension',
        'self.layers = nn.ModuleDict({f"fc{i}": nn.Linear(8, 8) for i in range(4)})',
        'for _, layer in self.layers.items():\n    x = torch.tanh(layer(x))',
        'net.layers.values()',
      ],
    ] as const
  ).map(([name, init, forward, layers]): EditCase => ({
    name,
    program: net(`${init}\nself.head = nn.Linear(8, 2)`, `${forward}\nreturn self.head(x)`),
    uses: use('residual'),
    check: `
net = after.Net()
x = h = torch.randn(4, 8)
backward(net, x)
for layer in ${layers}:
    h = h + torch.tanh(layer(h))
close(net(x), net.head(h))
`,
    again: /skip/,
  })),
  {
    name: 'nested calls',
    program: nested,
    uses: use('residual'),
    check: `
net = after.Net()
x = torch.randn(4, 8)
backward(net, x)
h = x + torch.tanh(net.a(x))
h = h + torch.tanh(net.b(h))
close(net(x), net.head(h))
`,
    again: /skip/,
  },
  {
    name: 'one statement each',
    program: spread,
    uses: use('residual'),
    contains: ['        skip = x\n        x = self.a(x)\n', 'x = skip + F.tanh(x)'],
    check: `
net = after.Net()
x = torch.randn(4, 8)
backward(net, x)
close(net(x), net.b(x + torch.tanh(net.norm(net.a(x)))))
`,
  },
  {
    name: 'a loop over a ModuleList',
    program: deepLoop,
    uses: use('residual'),
    units: ['layers.*'],
    contains: ['            x = x + torch.sigmoid(layer(x))\n'],
    check: `
net = after.Net()
x = h = torch.randn(4, 8)
backward(net, x)
for layer in net.layers:
    h = h + torch.sigmoid(layer(h))
close(net(x), net.head(h))
`,
    again: /skip/,
  },
  {
    name: 'Sequential',
    program: deepSequence,
    uses: use('residual'),
    contains: ['    Residual(nn.Linear(8, 8),\n    nn.Sigmoid()),\n'],
    check: `
x = h = torch.randn(4, 8)
backward(after.net, x)
same_weights(after.net, before.net)
for i in (0, 2, 4):
    h = h + torch.sigmoid(before.net[i](h))
close(after.net(x), before.net[6](h))
`,
    again: /skip/,
  },
  {
    name: 'a list that grows in a loop',
    program: grownList,
    uses: use('residual'),
    contains: ['layers += [Residual(nn.Linear(width, width), nn.Sigmoid())]'],
    check: `backward(after.Net(), torch.randn(4, 20)); assert names(after.Net()).count("Residual") == 3`,
    again: /skip/,
  },
  {
    name: 'appended layers',
    program: appended,
    uses: use('residual'),
    contains: ['        layers.append(Residual(nn.Linear(width, width), nn.Tanh()))\n    layers.append'],
    check: `backward(after.net, torch.randn(4, 8)); assert names(after.net).count("Residual") == 4`,
  },
  {
    name: 'an OrderedDict',
    program: named,
    uses: use('residual'),
    contains: ['("fc1", Residual(nn.Linear(8, 8), nn.Tanh())),\n    ("fc2"'],
    check: `backward(after.net, torch.randn(4, 8)); assert names(after.net).count("Residual") == 2`,
  },
  {
    name: 'convolution blocks in a class of their own',
    program: convolutionBlocks,
    uses: use('residual'),
    contains: [
      'out = add_where_it_fits(x, F.relu(self.bn1(self.conv1(x))))',
      'out = out + F.relu(self.bn2(self.conv2(out)))',
    ],
    check: `
net = after.Net()
x = h = torch.randn(4, 3, 8, 8)
backward(net, x)
for i, block in enumerate(net.blocks):
    y = torch.relu(block.bn1(block.conv1(h)))
    h = h + y if i == 1 else y
    h = h + torch.relu(block.bn2(block.conv2(h)))
close(net(x), net.head(h.mean((2, 3))))
`,
    again: /skip/,
  },
  {
    name: 'convolution blocks, with projections',
    program: convolutionBlocks,
    uses: use('residual', { projection: true }),
    contains: [
      'self.conv1_skip = nn.Identity() if inputs == outputs and stride == 1 else nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)',
    ],
    check: `
net = after.Net()
backward(net, torch.randn(4, 3, 8, 8))
assert [type(block.conv1_skip).__name__ for block in net.blocks] == ["Conv2d", "Identity", "Conv2d"]
`,
  },
  {
    name: 'a block of its own file, of widths that its users give it',
    program: convolutionBlocks.slice(0, convolutionBlocks.indexOf('class Net')),
    uses: use('residual'),
    contains: ['self.conv1_skip = nn.Identity() if inputs == outputs and stride == 1 else'],
    check: 'for args in ((3, 8), (8, 8), (8, 16, 2)): backward(after.Block(*args), torch.randn(4, args[0], 8, 8))',
  },
  {
    name: 'convolutions of which the first is wider, and pools, in one loop',
    program: convolutionsInLoop,
    uses: use('residual'),
    contains: ['layers.append(FittingResidual(nn.Conv2d(3 if i == 0 else width, width, 3, padding=1), nn.ReLU()))'],
    check: `
x = h = torch.randn(4, 3, 16, 16)
backward(after.Net(), x)
net = before.Net()
for i, layer in enumerate(net.features):
    if isinstance(layer, nn.Conv2d):
        y = torch.relu(layer(h))
        h = y if i == 0 else h + y
    elif isinstance(layer, nn.MaxPool2d):
        h = layer(h)
new = after.Net()
same_weights(new, net)
close(new(x), net.head(h.mean((2, 3))))
`,
    again: /skip/,
  },
  {
    name: 'convolutions of which the first is wider, with a projection for that one',
    program: convolutionsInLoop,
    uses: use('residual', { projection: true }),
    contains: [
      'skip=None if (3 if i == 0 else width) == width else nn.Conv2d(3 if i == 0 else width, width, 1, bias=False)',
    ],
    check: `
net = after.Net()
backward(net, torch.randn(4, 3, 16, 16))
assert [each.skip.__class__.__name__ for each in net.features if hasattr(each, "skip")] == ["Conv2d"] + 8 * ["Identity"]
`,
  },
  {
    name: 'a ModuleList of which the first layer is wider',
    program: widerFirst,
    uses: use('residual'),
    contains: ['x = add_where_it_fits(x, torch.tanh(layer(x)))'],
    check: `
net = after.Net()
x = torch.randn(4, 20)
backward(net, x)
h = torch.tanh(net.layers[0](x))
for layer in net.layers[1:]:
    h = h + torch.tanh(layer(h))
close(net(x), net.head(h))
`,
    again: /skip/,
  },
  {
    name: 'a ModuleList of which the first layer is wider, with a projection for that one',
    program: widerFirst,
    uses: use('residual', { projection: true }),
    contains: ['nn.Identity() if (20 if i == 0 else 8) == 8 else nn.Linear(20 if i == 0 else 8, 8, bias=False)'],
    check: 'backward(after.Net(), torch.randn(4, 20))',
  },
  {
    name: 'convolutions of which the first is wider, and pools, in one loop',
    program: convolutionsInLoop,
    uses: use('highway'),
    check: `
net = after.Net()
x = h = torch.randn(4, 3, 16, 16)
backward(net, x)
for layer in net.features:
    if hasattr(layer, "gate") and layer.gate is not None:
        t = torch.sigmoid(layer.gate(h))
        h = t * layer.layers(h) + (1 - t) * h
    else:
        h = layer(h)
assert [each.gate is None for each in net.features if hasattr(each, "gate")] == [True] + 8 * [False]
close(net(x), net.head(h.mean((2, 3))))
`,
  },
  {
    name: 'a ModuleList of which the first layer is wider',
    program: widerFirst,
    uses: use('highway'),
    check: `
net = after.Net()
x = torch.randn(4, 20)
backward(net, x)
assert [layer.gate is None for layer in net.layers] == [True, False, False, False, False]
h = torch.tanh(net.layers[0](x))
for layer in net.layers[1:]:
    t = torch.sigmoid(layer.gate(h))
    h = t * torch.tanh(layer(h)) + (1 - t) * h
close(net(x), net.head(h))
`,
  },
  {
    name: 'attributes',
    program: deepAttributes,
    uses: use('highway'),
    contains: [
      'self.fc2_gate = nn.Linear(16, 16)\n        nn.init.constant_(self.fc2_gate.bias, -2)\n',
      'x = highway(torch.sigmoid(self.fc2(x)), x, self.fc2_gate)',
    ],
    check: `
net = after.Net()
x = torch.randn(4, 8)
backward(net, x)
h = torch.sigmoid(net.fc1(x))
for layer, gate in ((net.fc2, net.fc2_gate), (net.fc3, net.fc3_gate)):
    t = torch.sigmoid(gate(h))
    h = t * torch.sigmoid(layer(h)) + (1 - t) * h
close(net(x), net.head(h))
`,
  },
  {
    name: 'Sequential',
    program: deepSequence,
    uses: use('highway', { gate_bias: -1 }),
    contains: ['Highway(nn.Linear(8, 8), nn.Linear(8, 8),\n    nn.Sigmoid(), bias=-1)'],
    check: `
backward(after.net, torch.randn(4, 8))
close(after.net[0].gate.bias, torch.full((8,), -1.0))
`,
  },
  {
    name: 'a loop over a ModuleList',
    program: deepLoop,
    uses: use('highway'),
    units: ['layers.*'],
    contains: ['with_gate(nn.Linear(8, 8), nn.Linear(8, 8))', 'x = highway(torch.sigmoid(layer(x)), x, layer.gate)'],
    check: `
net = after.Net()
x = h = torch.randn(4, 8)
backward(net, x)
for layer in net.layers:
    t = torch.sigmoid(layer.gate(h))
    h = t * torch.sigmoid(layer(h)) + (1 - t) * h
close(net(x), net.head(h))
assert "layers.3.gate.weight" in net.state_dict()
`,
  },
  {
    name: 'nested calls',
    program: nested,
    uses: use('highway'),
    check: `backward(after.Net(), torch.randn(4, 8))`,
  },
];
