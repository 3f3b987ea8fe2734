import { step, torch, type RuleCases } from './cases';

export const cases: RuleCases = {
  code: 'GD105',
  trips: {
    'a plain loop': step(`
loss = criterion(model(x), y)
loss.backward()
optimizer.step()`),
    'in a function': torch(`
def train(model, loader, optimizer):
    for x, y in loader:
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
`),
    'with clipping': step(`
criterion(model(x), y).backward()
torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
optimizer.step()`),
    'under a gradient scaler': step(`
loss = criterion(model(x), y)
scaler.scale(loss).backward()
scaler.step(optimizer)
scaler.update()`),
    'over epochs': torch(`
model = nn.Linear(2, 1)
opt = optim.SGD(model.parameters(), lr=0.01)
for epoch in range(5):
    for x, y in loader:
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        opt.step()
`),
    'a while loop': torch(`
model = nn.Linear(2, 1)
optimizer = optim.Adam(model.parameters())
while not converged:
    loss = model(x).mean()
    loss.backward()
    optimizer.step()
`),
    'cleared once before the loop': torch(`
model = nn.Linear(2, 1)
optimizer = optim.Adam(model.parameters())
optimizer.zero_grad()
for i in range(1000):
    loss = model(data).pow(2).sum()
    loss.backward()
    optimizer.step()
`),
    'in a method': torch(`
class Trainer:
    def __init__(self, model, loader):
        self.model = model
        self.loader = loader
        self.optimizer = optim.SGD(model.parameters(), lr=0.1)

    def fit(self):
        for x, y in self.loader:
            loss = F.mse_loss(self.model(x), y)
            loss.backward()
            self.optimizer.step()
`),
    'with a scheduler and printing': step(`
output = model(x)
loss = criterion(output, y)
loss.backward()
optimizer.step()
scheduler.step()
print(loss.item())`),
  },
  passes: {
    'cleared first': step(`
optimizer.zero_grad()
criterion(model(x), y).backward()
optimizer.step()`),
    'cleared last': step(`
criterion(model(x), y).backward()
optimizer.step()
optimizer.zero_grad(set_to_none=True)`),
    'cleared on the model': step(`
model.zero_grad()
criterion(model(x), y).backward()
optimizer.step()`),
    'deliberate accumulation': step(`
loss = criterion(model(x), y) / 4
loss.backward()
if (i + 1) % 4 == 0:
    optimizer.step()
    optimizer.zero_grad()`),
    'by hand': step(`
for p in model.parameters():
    p.grad = None
criterion(model(x), y).backward()
optimizer.step()`),
    'by hand, in place': step(`
criterion(model(x), y).backward()
optimizer.step()
for p in model.parameters():
    p.grad.zero_()`),
    'by hand, of a network made elsewhere': torch(`
from models import Network
network = Network(groups=torch.eye(4)).to(device)
optimizer = optim.Adam(network.parameters())
for x in loader:
    for param in network.parameters():
        param.grad = None
    loss = network(x).mean()
    loss.backward()
    optimizer.step()
`),
    'from the second pass on': torch(`
import pyro
model = nn.Linear(2, 1)
optimizer = optim.SGD(model.parameters(), lr=0.1)
params = None
for step in range(100):
    if params is not None:
        pyro.infer.util.zero_grads(params)
    loss = model(x).mean()
    params = capture(loss)
    loss.backward()
    optimizer.step()
`),
    'when a flag says so, which the loop sets': torch(`
model = nn.Linear(2, 1)
optimizer = optim.SGD(model.parameters(), lr=0.1)
started = False
while True:
    if started:
        optimizer.zero_grad()
    model(x).mean().backward()
    optimizer.step()
    started = True
`),
    'in a helper': torch(`
def update(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

model = nn.Linear(2, 1)
optimizer = optim.SGD(model.parameters(), lr=0.1)
for x in loader:
    update(optimizer, model(x).mean())
`),
    'in a helper of another file': torch(`
from utils import reset_gradients
model = nn.Linear(2, 1)
optimizer = optim.SGD(model.parameters(), lr=0.1)
for x in loader:
    reset_gradients(optimizer)
    model(x).mean().backward()
    optimizer.step()
`),
    'one step without a loop': torch(`
model = nn.Linear(2, 1)
optimizer = optim.SGD(model.parameters(), lr=0.1)
model(x).mean().backward()
optimizer.step()
`),
    'in the closure of LBFGS': torch(`
model = nn.Linear(2, 1)
optimizer = optim.LBFGS(model.parameters())
for i in range(10):
    def closure():
        optimizer.zero_grad()
        loss = model(x).pow(2).mean()
        loss.backward()
        return loss
    optimizer.step(closure)
`),
    'something that cannot be read': step(`
optimizer.zero_grad(
criterion(model(x), y).backward()
optimizer.step()`),
    'a network only differentiated': step(`
x.requires_grad_()
model(x).sum().backward()
saliency = x.grad`),
  },
};
