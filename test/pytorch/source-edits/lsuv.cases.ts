import { imports, use, type EditCase } from './cases';

const deep =
  '[nn.Linear(8, 32), nn.Tanh(), *[m for _ in range(6) for m in (nn.Linear(32, 32), nn.Tanh())], nn.Linear(32, 2)]';

const script = `${imports}
model = nn.Sequential(*${deep})
optimizer = torch.optim.SGD(model.parameters(), lr=1e-9)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
`;

const functions = `${imports}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(6))
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.head(x)


def train(net, data, optimizer, criterion):
    for i, batch in enumerate(data):
        x = batch[0].float()
        optimizer.zero_grad()
        output = net(x)
        loss = criterion(output, batch[1])
        loss.backward()
        optimizer.step()


model = Net()
train(model, loader, torch.optim.SGD(model.parameters(), lr=1e-9), nn.CrossEntropyLoss())
`;

const convolutions = `${imports}
model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 2))
x, y = torch.randn(16, 3, 8, 8), torch.randint(2, (16,))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-9)
for step in range(2):
    optimizer.zero_grad()
    with torch.autocast("cpu", enabled=False):
        logits = model(x)
        loss = F.cross_entropy(logits, y)
    loss.backward()
    optimizer.step()
`;

/** Every layer's output has unit deviation on the first batch. */
const isUnit = (x: string): string => `
deviations = []
for module in after.model.modules():
    if isinstance(module, (nn.Linear, nn.Conv2d)):
        module.register_forward_hook(lambda m, i, o: deviations.append(o.std().item()))
after.model(${x})
assert all(abs(d - 1) <= 0.1 for d in deviations), deviations
`;

export const lsuvCases: readonly EditCase[] = [
  {
    name: 'a script',
    program: script,
    uses: use('lsuv'),
    contains: ['    lsuv_(model, (x,))\n    loss = '],
    check: isUnit('after.loader[0][0]'),
    again: /already/,
  },
  {
    name: 'a function of its own',
    program: functions,
    uses: use('lsuv'),
    contains: ['        lsuv_(net, (x,))\n        output = net(x)'],
    check: isUnit('after.loader[0][0]'),
    again: /already/,
  },
  {
    name: 'convolutions, in a context',
    program: convolutions,
    uses: use('lsuv', { tolerance: 0.01 }),
    contains: ['        lsuv_(model, (x,), tolerance=0.01)\n        logits = model(x)'],
    check: isUnit('after.x'),
  },
];
