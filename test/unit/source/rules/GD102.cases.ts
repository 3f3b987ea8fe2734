import { step, torch, type RuleCases } from './cases';

const clip = 'torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)';

export const cases: RuleCases = {
  code: 'GD102',
  trips: {
    'between zero_grad and backward': step(`
optimizer.zero_grad()
loss = criterion(model(x), y)
${clip}
loss.backward()
optimizer.step()`),
    'first in the loop': step(`
${clip}
optimizer.zero_grad()
criterion(model(x), y).backward()
optimizer.step()`),
    'by value': step(`
optimizer.zero_grad()
torch.nn.utils.clip_grad_value_(model.parameters(), 0.5)
criterion(model(x), y).backward()
optimizer.step()`),
    'in a function': torch(`
def train(model, loader, optimizer):
    for batch in loader:
        optimizer.zero_grad()
        loss = model(batch).sum()
        nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        loss.backward()
        optimizer.step()
`),
    'imported by name': `
from torch.nn.utils import clip_grad_norm_
def train(model, loader, optimizer):
    for batch in loader:
        clip_grad_norm_(model.parameters(), 0.25)
        loss = model(batch).sum()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
`,
    'under a gradient scaler': step(`
optimizer.zero_grad()
loss = criterion(model(x), y)
${clip}
scaler.scale(loss).backward()
scaler.step(optimizer)
scaler.update()`),
    'in a method': torch(`
class Agent:
    def __init__(self):
        self.net = nn.Linear(4, 2)
        self.optimizer = optim.Adam(self.net.parameters(), lr=1e-3)

    def update(self, states, targets):
        for state, target in zip(states, targets):
            loss = F.smooth_l1_loss(self.net(state), target)
            self.optimizer.zero_grad()
            nn.utils.clip_grad_norm_(self.net.parameters(), 10)
            loss.backward()
            self.optimizer.step()
`),
    'before the backward pass of a closure': torch(`
def one_step(model, optimizer, x):
    optimizer.zero_grad()
    loss = model(x).pow(2).mean()
    norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    loss.backward()
    optimizer.step()
    return norm
`),
  },
  passes: {
    'after the backward pass': step(`
optimizer.zero_grad()
criterion(model(x), y).backward()
${clip}
optimizer.step()`),
    'after the inner loop that accumulates': step(`
optimizer.zero_grad()
for part in x.chunk(4):
    criterion(model(part), y).backward()
${clip}
optimizer.step()`),
    'two backward passes': step(`
optimizer.zero_grad()
model(x).mean().backward()
${clip}
model(y).mean().backward()
optimizer.step()`),
    'after a backward pass in a function': torch(`
def compute(model, x):
    loss = model(x).mean()
    loss.backward()
    return loss

for x in loader:
    optimizer.zero_grad()
    compute(model, x)
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
`),
    'when accumulation is full': step(`
criterion(model(x), y).backward()
if step % 8 == 7:
    ${clip}
    optimizer.step()
    optimizer.zero_grad()`),
    'alone in a helper': torch(`
def clip_gradients(model):
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
`),
    'in a helper that is called in the right place': torch(`
def clip_gradients(model):
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)

for x in loader:
    optimizer.zero_grad()
    model(x).mean().backward()
    clip_gradients(model)
    optimizer.step()
`),
    'with Accelerate': torch(`
from accelerate import Accelerator
accelerator = Accelerator()
for x in loader:
    optimizer.zero_grad()
    accelerator.backward(model(x).mean())
    accelerator.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
`),
    'another branch computes': step(`
if first:
    loss = model(x).mean()
    loss.backward()
else:
    loss = model(y).mean()
    loss.backward()
${clip}
optimizer.step()`),
    'in a statement that does not parse': step(`
optimizer.zero_grad()
torch.nn.utils.clip_grad_norm_(model.parameters(, 1.0)
criterion(model(x), y).backward()
optimizer.step()`),
  },
};
