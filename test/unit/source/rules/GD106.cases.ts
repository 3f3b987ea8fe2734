import { step, torch, type RuleCases } from './cases';

const setup = `
model = nn.Linear(2, 1)
optimizer = optim.SGD(model.parameters(), lr=0.1)
`;

export const cases: RuleCases = {
  code: 'GD106',
  trips: {
    'at the start of the epoch': torch(`${setup}scheduler = optim.lr_scheduler.StepLR(optimizer, 30)
for epoch in range(90):
    scheduler.step()
    for x, y in loader:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
`),
    'training in a function': torch(`
def train(model, loader, optimizer):
    for x, y in loader:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()

def main():
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    scheduler = optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
    for epoch in range(10):
        scheduler.step()
        train(model, loader, optimizer)

main()
`),
    'in every step': step(`
optimizer.zero_grad()
criterion(model(x), y).backward()
scheduler.step()
optimizer.step()`),
    'from its own import': `import torch
from torch.optim.lr_scheduler import CosineAnnealingLR
model = torch.nn.Linear(3, 1)
opt = torch.optim.AdamW(model.parameters())
sched = CosineAnnealingLR(opt, T_max=100)
for epoch in range(100):
    sched.step()
    for batch in loader:
        opt.zero_grad()
        model(batch).mean().backward()
        opt.step()
`,
    'a plateau without its metric': torch(`${setup}scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer)
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
    scheduler.step()
`),
    'a plateau with a validation loss at hand':
      torch(`${setup}scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, 'min')
for epoch in range(10):
    train_one_epoch(model, optimizer)
    val_loss = evaluate(model)
    scheduler.step()
`),
    'under a gradient scaler': step(`
optimizer.zero_grad()
scheduler.step()
scaler.scale(criterion(model(x), y)).backward()
scaler.step(optimizer)
scaler.update()`),
    'in a class': torch(`
class Trainer:
    def __init__(self, model):
        self.model = model
        self.optimizer = optim.SGD(model.parameters(), lr=0.1)
        self.scheduler = optim.lr_scheduler.MultiStepLR(self.optimizer, [30, 60])

    def fit(self, loader):
        for epoch in range(90):
            self.scheduler.step()
            for x, y in loader:
                self.optimizer.zero_grad()
                F.mse_loss(self.model(x), y).backward()
                self.optimizer.step()
            print(epoch)
`),
    'two schedulers': torch(`${setup}warmup = optim.lr_scheduler.LinearLR(optimizer)
main_scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
for epoch in range(10):
    warmup.step()
    for x, y in loader:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
    main_scheduler.step()
`),
  },
  passes: {
    'at the end of the epoch': torch(`${setup}scheduler = optim.lr_scheduler.StepLR(optimizer, 30)
for epoch in range(90):
    for x, y in loader:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
    scheduler.step()
`),
    'after every step': step(`
optimizer.zero_grad()
criterion(model(x), y).backward()
optimizer.step()
scheduler.step()`),
    'a plateau with its metric': torch(`${setup}scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer)
for epoch in range(10):
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
    scheduler.step(loss)
`),
    'told the epoch': torch(`${setup}scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
for epoch in range(10):
    scheduler.step(epoch)
    for x, y in loader:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
`),
    'not in the first epoch': torch(`${setup}scheduler = optim.lr_scheduler.StepLR(optimizer, 30)
for epoch in range(90):
    if epoch > 0:
        scheduler.step()
    for x, y in loader:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
`),
    'the scheduler of another optimizer': torch(`
D, G = nn.Linear(2, 1), nn.Linear(2, 2)
opt_d = optim.Adam(D.parameters())
opt_g = optim.Adam(G.parameters())
sched_d = optim.lr_scheduler.StepLR(opt_d, 10)
for z in loader:
    opt_d.zero_grad()
    D(z).mean().backward()
    opt_d.step()
    sched_d.step()
    opt_g.zero_grad()
    D(G(z)).mean().backward()
    opt_g.step()
`),
    'an environment': torch(`
while True:
    env.step(action)
    optimizer.zero_grad()
    loss = policy(state).mean()
    loss.backward()
    optimizer.step()
`),
    'training unknown': torch(`${setup}scheduler = optim.lr_scheduler.StepLR(optimizer, 30)
for epoch in range(10):
    scheduler.step()
    run_epoch(model, optimizer)
`),
    'when accumulation is full': step(`
criterion(model(x), y).backward()
if i % 4 == 3:
    optimizer.step()
    scheduler.step()
    optimizer.zero_grad()`),
    'set back by one before':
      torch(`${setup}scheduler = optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.9**epoch)
scheduler.last_epoch = -1
for epoch in range(10):
    scheduler.step()
    for x, y in loader:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
`),
    'warmed up before the loop': torch(`${setup}scheduler = optim.lr_scheduler.StepLR(optimizer, 30)
scheduler.step()
for x, y in loader:
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
`),
  },
};
