import { step, torch, type RuleCases } from './cases';

export const cases: RuleCases = {
  code: 'GD107',
  trips: {
    'the output detached': step(`
optimizer.zero_grad()
output = model(x).detach()
loss = criterion(output, y)
loss.backward()
optimizer.step()`),
    'the loss as data': step(`
optimizer.zero_grad()
loss = criterion(model(x), y)
loss.data.backward()
optimizer.step()`),
    'the loss as a number': step(`
optimizer.zero_grad()
loss = criterion(model(x), y).item()
total = loss * 2
total.backward()
optimizer.step()`),
    'forward under no_grad': step(`
optimizer.zero_grad()
with torch.no_grad():
    loss = criterion(model(x), y)
loss.backward()
optimizer.step()`),
    'everything under no_grad': torch(`
def train(loader):
    model = nn.Linear(3, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with torch.inference_mode():
        for x, y in loader:
            optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()
            optimizer.step()
`),
    'layers in a plain list': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(8, 8) for _ in range(4)]
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.head(x)
`),
    'layers appended to a plain list': torch(`
class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.linear = nn.Linear(n, n)

    def forward(self, x):
        return F.relu(self.linear(x))

class Net(nn.Module):
    def __init__(self, depth=3):
        super(Net, self).__init__()
        blocks = []
        for i in range(depth):
            blocks.append(Block(16))
        self.blocks = blocks

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x
`),
    'layers in a plain dictionary': torch(`
class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = {'a': nn.Linear(4, 1), 'b': nn.Linear(4, 1)}

    def forward(self, x):
        return self.heads['a'](x) + self.heads['b'](x)
`),
    'a layer made in forward': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(8, 8)

    def forward(self, x):
        x = F.relu(self.body(x))
        return nn.Linear(8, 2)(x)
`),
    'a network no optimizer has': torch(`
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(8, 4)

    def forward(self, x):
        return self.net(x)

class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(4, 8)

    def forward(self, z):
        return self.net(z)

encoder = Encoder()
decoder = Decoder()
optimizer = optim.Adam(decoder.parameters(), lr=1e-3)
for x in DataLoader(data):
    optimizer.zero_grad()
    loss = F.mse_loss(decoder(encoder(x)), x)
    loss.backward()
    optimizer.step()
`),
  },
  passes: {
    'a plain loop': step(`
optimizer.zero_grad()
loss = criterion(model(x), y)
loss.backward()
optimizer.step()
print(loss.item(), loss.detach())`),
    'the target detached': step(`
optimizer.zero_grad()
with torch.no_grad():
    target = model(y)
loss = criterion(model(x), target.detach())
loss.backward()
optimizer.step()`),
    'layers in a ModuleList': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(4)])

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x
`),
    'a list that a Sequential takes over': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1)]
        self.net = nn.Sequential(*self.layers)

    def forward(self, x):
        return self.net(x)
`),
    'a list of layers registered one by one': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = []
        for i in range(3):
            layer = nn.Linear(8, 8)
            self.add_module(f'layer{i}', layer)
            self.layers.append(layer)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
`),
    'a list of layers that a ModuleDict holds as well': torch(`
class Features(nn.Module):
    def __init__(self, names):
        super().__init__()
        self.modules_by_name = nn.ModuleDict()
        self.functions = []
        for name in names:
            layer = nn.Linear(8, 8)
            self.modules_by_name[name] = layer
            self.functions.append(layer)

    def forward(self, x):
        return torch.cat([function(x) for function in self.functions], dim=-1)
`),
    'losses in a plain dictionary': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 4)
        self.losses = {'l2': nn.SmoothL1Loss(reduction='none'), 'ce': nn.CrossEntropyLoss()}

    def forward(self, x, y):
        total = 0
        for loss in self.losses.values():
            total += loss(self.head(x), y).mean()
        return total
`),
    'a frozen network in a list, without gradients': torch(`
class Distilled(nn.Module):
    def __init__(self):
        super().__init__()
        self.student = nn.Linear(8, 8)
        self.teacher = [nn.Linear(8, 8)]

    def forward(self, x):
        with torch.no_grad():
            target = self.teacher[0](x)
        return F.mse_loss(self.student(x), target)
`),
    'discriminator and generator': torch(`
class D(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(4, 1)
    def forward(self, x):
        return self.net(x)
class G(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(2, 4)
    def forward(self, z):
        return self.net(z)
d, g = D(), G()
opt_d = optim.Adam(d.parameters())
opt_g = optim.Adam(g.parameters())
for x in DataLoader(data):
    opt_d.zero_grad()
    (d(g(z).detach()).mean() - d(x).mean()).backward()
    opt_d.step()
    opt_g.zero_grad()
    (-d(g(z)).mean()).backward()
    opt_g.step()
`),
    'parameters of both': torch(`
class Part(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(4, 4)
    def forward(self, x):
        return self.net(x)
encoder, decoder = Part(), Part()
optimizer = optim.Adam(list(encoder.parameters()) + list(decoder.parameters()))
for x in DataLoader(data):
    optimizer.zero_grad()
    F.mse_loss(decoder(encoder(x)), x).backward()
    optimizer.step()
`),
    'a function that is not known': step(`
optimizer.zero_grad()
loss = compute_loss(model, x.detach(), y)
loss.backward()
optimizer.step()`),
    'the student of a function parameter': torch(`
def distill(student_output, teacher_output):
    loss = F.mse_loss(student_output, teacher_output.detach())
    loss.backward()
`),
    'a configuration in a list': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.sizes = [8, 16, 32]
        self.net = nn.Linear(8, 16)
    def forward(self, x):
        return self.net(x)
`),
  },
};
