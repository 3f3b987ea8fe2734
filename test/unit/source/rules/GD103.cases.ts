import { step, torch, type RuleCases } from './cases';

const clip = 'torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)';

export const cases: RuleCases = {
  code: 'GD103',
  trips: {
    'no unscale at all': step(`
optimizer.zero_grad()
with torch.autocast('cuda'):
    loss = criterion(model(x), y)
scaler.scale(loss).backward()
${clip}
scaler.step(optimizer)
scaler.update()`),
    'unscaled after the clip': step(`
optimizer.zero_grad()
scaler.scale(criterion(model(x), y)).backward()
${clip}
scaler.unscale_(optimizer)
scaler.step(optimizer)
scaler.update()`),
    'the scaler made in the file': torch(`
model = nn.Linear(2, 2)
optimizer = optim.SGD(model.parameters(), lr=0.1)
scaler = torch.cuda.amp.GradScaler()
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    scaler.scale(loss).backward()
    ${clip}
    scaler.step(optimizer)
    scaler.update()
`),
    'the newer scaler': torch(`
from torch.amp import GradScaler, autocast
def train(model, loader, optimizer):
    grad_scaler = GradScaler('cuda')
    for x, y in loader:
        optimizer.zero_grad(set_to_none=True)
        with autocast('cuda', dtype=torch.float16):
            loss = F.cross_entropy(model(x), y)
        grad_scaler.scale(loss).backward()
        nn.utils.clip_grad_value_(model.parameters(), 0.5)
        grad_scaler.step(optimizer)
        grad_scaler.update()
`),
    'in a trainer class': torch(`
class Trainer:
    def __init__(self, model, optimizer):
        self.model, self.optimizer = model, optimizer
        self.scaler = torch.amp.GradScaler()

    def step(self, x, y):
        loss = F.cross_entropy(self.model(x), y)
        self.scaler.scale(loss).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
`),
    'only under AMP': step(`
optimizer.zero_grad()
loss = criterion(model(x), y)
if args.amp:
    scaler.scale(loss).backward()
    ${clip}
    scaler.step(optimizer)
    scaler.update()
else:
    loss.backward()
    ${clip}
    optimizer.step()`),
    'with accumulation': step(`
loss = criterion(model(x), y) / 4
scaler.scale(loss).backward()
if (i + 1) % 4 == 0:
    ${clip}
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad()`),
    'the norm kept': step(`
optimizer.zero_grad()
loss = criterion(model(x), y)
scaler.scale(loss).backward()
grad_norm = ${clip}
scaler.step(optimizer)
scaler.update()
print(grad_norm)`),
  },
  passes: {
    'unscaled first': step(`
optimizer.zero_grad()
scaler.scale(criterion(model(x), y)).backward()
scaler.unscale_(optimizer)
${clip}
scaler.step(optimizer)
scaler.update()`),
    'without a scaler': step(`
optimizer.zero_grad()
criterion(model(x), y).backward()
${clip}
optimizer.step()`),
    'unscaled under a condition together with the clip': step(`
optimizer.zero_grad()
scaler.scale(criterion(model(x), y)).backward()
if max_norm > 0:
    scaler.unscale_(optimizer)
    ${clip}
scaler.step(optimizer)
scaler.update()`),
    'unscaled under another condition': step(`
optimizer.zero_grad()
scaler.scale(criterion(model(x), y)).backward()
if scaler.is_enabled():
    scaler.unscale_(optimizer)
if max_norm > 0:
    ${clip}
scaler.step(optimizer)
scaler.update()`),
    'bfloat16 without a scaler': step(`
optimizer.zero_grad()
with torch.autocast('cuda', dtype=torch.bfloat16):
    loss = criterion(model(x), y)
loss.backward()
${clip}
optimizer.step()`),
    'no clipping': step(`
optimizer.zero_grad()
scaler.scale(criterion(model(x), y)).backward()
scaler.step(optimizer)
scaler.update()`),
    'Accelerate unscales itself': torch(`
from accelerate import Accelerator
accelerator = Accelerator(mixed_precision='fp16')
for x in loader:
    accelerator.backward(model(x).mean())
    accelerator.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
`),
    'unscaled in a helper': torch(`
def prepare(scaler, optimizer):
    scaler.unscale_(optimizer)

for x in loader:
    optimizer.zero_grad()
    scaler.scale(model(x).mean()).backward()
    prepare(scaler, optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
`),
  },
};
