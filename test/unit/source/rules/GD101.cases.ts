import { indent, step, torch, type RuleCases } from './cases';

const clip = 'torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)';

export const cases: RuleCases = {
  code: 'GD101',
  trips: {
    'right after the step': step(`
optimizer.zero_grad()
loss = criterion(model(x), y)
loss.backward()
optimizer.step()
${clip}`),
    'in a function that gets everything': torch(`
def train_epoch(model, loader, optimizer, loss_fn):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=5)
`),
    'by value, with an alias': `
from torch.nn.utils import clip_grad_value_ as clip
def fit(net, opt, batches):
    for x in batches:
        opt.zero_grad()
        loss = net(x).mean()
        loss.backward()
        opt.step()
        clip(net.parameters(), 0.5)
`,
    'a scheduler between': step(`
optimizer.zero_grad()
loss = criterion(model(x), y)
loss.backward()
optimizer.step()
scheduler.step()
norm = ${clip}
print(norm)`),
    'under a gradient scaler': step(`
optimizer.zero_grad()
loss = criterion(model(x), y)
scaler.scale(loss).backward()
scaler.step(optimizer)
${clip}
scaler.update()`),
    'in a class that trains': torch(`
class Trainer:
    def __init__(self, model, loader):
        self.model = model
        self.loader = loader
        self.optimizer = optim.Adam(model.parameters())

    def run(self):
        for x, y in self.loader:
            self.optimizer.zero_grad()
            loss = F.mse_loss(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
`),
    'in a function for one step': torch(`
def train_step(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    return loss.item()
`),
    'under a condition': step(`
optimizer.zero_grad()
criterion(model(x), y).backward()
optimizer.step()
if clip_gradients:
    ${clip}`),
    'in nested loops over epochs': torch(`
def main():
    model = nn.Linear(3, 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for epoch in range(10):
        for x, y in loader:
            optimizer.zero_grad(set_to_none=True)
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)

if __name__ == '__main__':
    main()
`),
    'the backward pass in another function': torch(`
def backward(loss):
    loss.backward()

model = nn.Linear(4, 2)
optimizer = optim.SGD(model.parameters(), lr=0.1)
while True:
    optimizer.zero_grad()
    backward(F.cross_entropy(model(x), y))
    optimizer.step()
    ${clip}
`),
  },
  passes: {
    'between backward and step': step(`
optimizer.zero_grad()
criterion(model(x), y).backward()
${clip}
optimizer.step()`),
    'two networks in turn': torch(`
for x in loader:
    opt_d.zero_grad()
    D(x).mean().backward()
    nn.utils.clip_grad_norm_(D.parameters(), 1.0)
    opt_d.step()
    opt_g.zero_grad()
    D(G(z)).mean().backward()
    nn.utils.clip_grad_norm_(G.parameters(), 1.0)
    opt_g.step()
`),
    'the step first in the loop, of the gradients before': step(`
loss = criterion(model(x), y)
loss.backward()
if (i + 1) % 4 == 0:
    ${clip}
    optimizer.step()
    optimizer.zero_grad()`),
    'weights clamped after the step': step(`
optimizer.zero_grad()
model(x).mean().backward()
optimizer.step()
for p in model.parameters():
    p.data.clamp_(-0.01, 0.01)`),
    'two optimizers, the second one clipped': torch(`
for x in loader:
    loss = encoder(x).mean() + decoder(x).mean()
    loss.backward()
    encoder_optimizer.step()
    nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
    decoder_optimizer.step()
`),
    'a function of another library': step(`
optimizer.zero_grad()
criterion(model(x), y).backward()
optimizer.step()
clip_grad_norm_(model.parameters(), 1.0)`),
    'inside a syntax error': step(`
optimizer.zero_grad()
criterion(model(x), y).backward()
optimizer.step()
torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0 1.0)`),
    'in the other branch': step(`
optimizer.zero_grad()
loss = criterion(model(x), y)
if use_amp:
    scaler.scale(loss).backward()
    scaler.step(optimizer)
else:
    loss.backward()
    ${clip}
    optimizer.step()`),
    'an environment that steps': torch(`
for episode in range(100):
    state, reward, done = env.step(action)
    optimizer.zero_grad()
    loss = policy(state).mean()
    loss.backward()
    nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
    optimizer.step()
    env.step(action)
`),
    'in a comment': step(`
optimizer.zero_grad()
criterion(model(x), y).backward()
${clip}
optimizer.step()
# ${clip}`),
    'switched off on its line': step(`
optimizer.zero_grad()
criterion(model(x), y).backward()
optimizer.step()
${clip}  # gradient-doctor: disable=GD101`),
    'switched off in the file': `# gradient-doctor: disable=GD101,GD102\n${step(
      indent(`optimizer.zero_grad()\nmodel(x).mean().backward()\noptimizer.step()\n${clip}`, ''),
    )}`,
  },
};
