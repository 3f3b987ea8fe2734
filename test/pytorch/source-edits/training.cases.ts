import { imports, use, type EditCase } from './cases';

const model = 'model = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2))\n';

/** Notes the learning rate and the norm of the gradients of every step, right before it. */
const notes = `rates, norms = [], []


def note(optimizer, *_):
    rates.append(optimizer.param_groups[0]["lr"])
    norms.append(torch.cat([p.grad.flatten() for p in optimizer.param_groups[0]["params"]]).norm().item())
`;

/** A training loop at the top of a file. */
const script = (
  body = `
for epoch in range(4):
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
`,
  optimizer = 'optimizer = torch.optim.SGD(model.parameters(), lr=0.1)',
): string => `${imports}
${notes}

${model}${optimizer}
optimizer.register_step_pre_hook(note)
${body.replace(/^\n/, '')}`;

const main = `${imports}
${notes}

def train_epoch(model, loader, opt):
    total = 0.0
    for i, (x, y) in enumerate(loader):
        opt.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        total += loss.item()
    return total


def main(epochs=4):
    ${model}    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    optimizer.register_step_pre_hook(note)
    for epoch in range(epochs):
        train_loss = train_epoch(model, loader, optimizer)


if __name__ == "__main__":
    main()
main()
`;

const trainer = `${imports}
${notes}

class Trainer:
    def __init__(self):
        self.model = nn.Linear(8, 2)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)

    def step(self, x, y):
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(x), y)
        loss.backward()
        self.optimizer.step()

    def run(self, epochs):
        for epoch in range(epochs):
            for x, y in loader:
                self.step(x, y)


trainer = Trainer()
trainer.optimizer.register_step_pre_hook(note)
trainer.run(4)
`;

const amp = script(`
scaler = torch.amp.GradScaler("cpu", init_scale=64.0)
for epoch in range(4):
    for x, y in loader:
        optimizer.zero_grad()
        with torch.autocast("cpu"):
            loss = F.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
`);

const accumulation = script(`
for epoch in range(4):
    for i, (x, y) in enumerate(loader):
        loss = F.cross_entropy(model(x), y) / 3
        loss.backward()
        if (i + 1) % 3 == 0:
            optimizer.step()
            optimizer.zero_grad()
`);

/** Stand-ins with the interface of the libraries, which the tests do not install. */
const lightning = (configure: string): string => `import sys
import types

import torch
from torch import nn

stub = types.ModuleType("lightning")
stub.LightningModule = nn.Module
stub.Trainer = lambda **options: options
sys.modules["lightning"] = stub

import lightning as L


class Lit(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(8, 2)

    def training_step(self, batch, index):
        x, y = batch
        loss = nn.functional.cross_entropy(self.net(x), y)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
${configure}

trainer = L.Trainer(max_epochs=4)
`;

const arguments_ = `import sys
import types

import torch

stub = types.ModuleType("transformers")
stub.TrainingArguments = lambda output, **options: options
sys.modules["transformers"] = stub

from transformers import TrainingArguments

arguments = TrainingArguments("out", learning_rate=2e-4)
`;

const gan = `${imports}
generator = nn.Linear(8, 8)
critic = nn.Linear(8, 1)
optimizer_g = torch.optim.Adam(generator.parameters(), lr=1e-3)
optimizer_d = torch.optim.Adam(critic.parameters(), lr=1e-3)
for x, _ in loader:
    optimizer_d.zero_grad()
    loss_d = critic(generator(x).detach()).mean() - critic(x).mean()
    loss_d.backward()
    optimizer_d.step()
    optimizer_g.zero_grad()
    loss_g = -critic(generator(x)).mean()
    loss_g.backward()
    optimizer_g.step()
`;

const clipped = (limit: number): string => `
assert len(after.norms) == len(before.norms) > 0
assert max(before.norms) > ${limit} >= max(after.norms) - 1e-6, (max(before.norms), max(after.norms))
`;

const byEpoch = (rate: string, base = 0.1): string => `
assert len(after.rates) == 12
for i, rate in enumerate(after.rates):
    epoch = i // 3
    close(rate, ${base} * (${rate}))
`;

const byStep = (rate: string, base = 0.1): string => `
assert len(after.rates) == 12
for step, rate in enumerate(after.rates):
    close(rate, ${base} * (${rate}))
`;

const imported = `
import math
`;
const cosine = (at: string, length: string): string => `(1 + math.cos(math.pi * ${at} / ${length})) / 2`;

const clipping: readonly EditCase[] = [
  {
    name: 'a script',
    program: script(),
    uses: use('clip-grad-norm', { max_norm: 0.01 }),
    contains: ['        nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.01)\n        optimizer.step()'],
    check: clipped(0.01),
    again: /clipped to 0.01 already/,
  },
  {
    name: 'functions that pass the optimizer on',
    program: main,
    uses: use('clip-grad-norm', { max_norm: 0.01 }),
    check: clipped(0.01),
    again: /already/,
  },
  {
    name: 'a class',
    program: trainer,
    uses: use('clip-grad-norm', { max_norm: 0.01 }),
    check: clipped(0.01),
    again: /already/,
  },
  {
    name: 'mixed precision: unscaled first',
    program: amp,
    uses: use('clip-grad-norm', { max_norm: 0.01 }),
    contains: ['scaler.unscale_(optimizer)\n        nn.utils.clip_grad_norm_('],
    check: clipped(0.01),
    again: /already/,
  },
  {
    name: 'accumulation: only where the optimizer steps',
    program: accumulation,
    uses: use('clip-grad-norm', { max_norm: 0.01 }),
    contains: ['            nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.01)\n            optimizer.step()'],
    check: clipped(0.01),
    again: /already/,
  },
  {
    name: 'one line',
    program: script().replace('loss.backward()\n        optimizer.step()', 'loss.backward(); optimizer.step()'),
    uses: use('clip-grad-norm', { max_norm: 0.01 }),
    contains: ['loss.backward(); nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.01); optimizer.step()'],
    check: clipped(0.01),
  },
  {
    name: 'existing clipping is adjusted',
    program: script().replace(
      '        optimizer.step()',
      '        torch.nn.utils.clip_grad_norm_(model.parameters(), 100.0)\n        optimizer.step()',
    ),
    uses: use('clip-grad-norm', { max_norm: 0.01 }),
    contains: ['torch.nn.utils.clip_grad_norm_(model.parameters(), 0.01)'],
    check: clipped(0.01),
  },
  {
    name: 'clipping of the other kind is replaced',
    program: script().replace(
      '        optimizer.step()',
      '        nn.utils.clip_grad_value_(model.parameters(), clip_value=100.0)\n        optimizer.step()',
    ),
    uses: use('clip-grad-norm', { max_norm: 0.01 }),
    check: clipped(0.01),
  },
  {
    name: 'two optimizers',
    program: gan,
    uses: use('clip-grad-norm'),
    contains: [
      'clip_grad_norm_(critic.parameters(), max_norm=1)\n    optimizer_d',
      'clip_grad_norm_(generator.parameters(), max_norm=1)\n    optimizer_g',
    ],
    check: 'pass',
  },
  {
    name: 'Lightning',
    program: lightning('        return torch.optim.SGD(self.parameters(), lr=0.1)\n'),
    uses: use('clip-grad-norm', { max_norm: 0.5 }),
    check: `assert after.trainer == {"max_epochs": 4, "gradient_clip_val": 0.5}`,
    again: /already/,
  },
  {
    name: 'Hugging Face',
    program: arguments_,
    uses: use('clip-grad-norm', { max_norm: 0.5 }),
    check: `assert after.arguments["max_grad_norm"] == 0.5`,
    again: /already/,
  },
  {
    name: 'a script',
    program: script(),
    uses: use('clip-grad-value', { clip_value: 0.001 }),
    contains: ['nn.utils.clip_grad_value_(model.parameters(), clip_value=0.001)'],
    check: clipped(0.001 * Math.sqrt(90)),
    again: /already/,
  },
  {
    name: 'mixed precision',
    program: amp,
    uses: use('clip-grad-value', { clip_value: 0.001 }),
    check: clipped(0.001 * Math.sqrt(90)),
  },
  {
    name: 'Lightning',
    program: lightning('        return torch.optim.SGD(self.parameters(), lr=0.1)\n'),
    uses: use('clip-grad-value'),
    check: `assert after.trainer == {"max_epochs": 4, "gradient_clip_val": 0.5, "gradient_clip_algorithm": "value"}`,
    again: /already/,
  },
];

const schedules: readonly EditCase[] = [
  {
    name: 'a script',
    program: script(),
    uses: use('exponential-lr', { gamma: 0.5 }),
    contains: [
      'lr=0.1)\nscheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)\n',
      '        optimizer.step()\n    scheduler.step()\n',
    ],
    check: byEpoch('0.5 ** epoch'),
    again: /like that already/,
  },
  {
    name: 'functions that pass the optimizer on',
    program: main,
    uses: use('exponential-lr', { gamma: 0.5 }),
    contains: ['        train_loss = train_epoch(model, loader, optimizer)\n        scheduler.step()\n'],
    check: byEpoch('0.5 ** epoch', 0.01),
  },
  {
    name: 'a class, per step',
    program: trainer,
    uses: use('exponential-lr', { gamma: 0.5, unit: 'step' }),
    contains: [
      'self.scheduler = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, gamma=0.5)',
      '        self.optimizer.step()\n        self.scheduler.step()\n',
    ],
    check: byStep('0.5 ** step'),
  },
  {
    name: 'Lightning',
    program: lightning('        return torch.optim.SGD(self.parameters(), lr=0.1)\n'),
    uses: use('exponential-lr', { gamma: 0.5 }),
    check: `
configured = after.Lit().configure_optimizers()
assert configured["optimizer"].param_groups[0]["lr"] == 0.1 and configured["lr_scheduler"].gamma == 0.5
`,
    again: /already/,
  },
  {
    name: 'a script: over all its steps',
    program: script(),
    uses: use('cosine-annealing-lr'),
    contains: ['CosineAnnealingLR(optimizer, T_max=4 * len(loader))\nfor epoch'],
    check: imported + byStep(cosine('step', '12')),
    again: /like that already/,
  },
  {
    name: 'a given length per epoch',
    program: script(),
    uses: use('cosine-annealing-lr', { t_max: 8, eta_min: 0.01, unit: 'epoch' }),
    check: imported + byEpoch(`0.1 + 0.9 * ${cosine('epoch', '8')}`),
  },
  {
    name: 'mixed precision: after the scaler has been updated',
    program: amp,
    uses: use('cosine-annealing-lr'),
    contains: ['        scaler.update()\n        scheduler.step()\n'],
    check: imported + byStep(cosine('step', '12')),
  },
  {
    name: 'Lightning, per step',
    program: lightning('        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)\n        return optimizer\n'),
    uses: use('cosine-annealing-lr', { t_max: 20 }),
    check: `
configured = after.Lit().configure_optimizers()
assert configured["lr_scheduler"]["interval"] == "step" and configured["lr_scheduler"]["scheduler"].T_max == 20
`,
  },
  {
    name: 'Hugging Face',
    program: arguments_,
    uses: use('cosine-annealing-lr'),
    check: `assert after.arguments["lr_scheduler_type"] == "cosine"`,
    again: /already/,
  },
  {
    name: 'an existing scheduler is replaced',
    program: script()
      .replace('\nfor epoch', '\nsched = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.9)\nfor epoch')
      .replace('        optimizer.step()\n', '        optimizer.step()\n    sched.step()\n'),
    uses: use('exponential-lr', { gamma: 0.5 }),
    contains: ['sched = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)'],
    check: byEpoch('0.5 ** epoch'),
  },
  {
    name: 'a script, a third of its epochs each',
    program: script(),
    uses: use('step-lr', { gamma: 0.5 }),
    contains: ['StepLR(optimizer, step_size=max(1, 4 // 3), gamma=0.5)'],
    check: byEpoch('0.5 ** epoch'),
    again: /like that already/,
  },
  {
    name: 'given steps',
    program: script(),
    uses: use('step-lr', { step_size: 2, gamma: 0.5 }),
    check: byEpoch('0.5 ** (epoch // 2)'),
  },
  {
    name: 'a class',
    program: trainer,
    uses: use('step-lr', { step_size: 5, gamma: 0.5, unit: 'step' }),
    check: byStep('0.5 ** (step // 5)'),
  },
  {
    name: 'a script: the loss of the last batch',
    program: script(),
    uses: use('reduce-lr-on-plateau', { factor: 0.5, patience: 0 }),
    contains: ['ReduceLROnPlateau(optimizer, factor=0.5, patience=0)', '    scheduler.step(loss.item())\n'],
    check: 'assert len(after.rates) == 12',
    again: /like that already/,
  },
  {
    name: 'functions: the loss of the epoch',
    program: main,
    uses: use('reduce-lr-on-plateau', { factor: 0.5, patience: 0 }),
    contains: ['        scheduler.step(train_loss)\n'],
    check: 'assert len(after.rates) == 12',
  },
  {
    name: 'Lightning: the loss that is logged',
    program: lightning('        return torch.optim.SGD(self.parameters(), lr=0.1)\n'),
    uses: use('reduce-lr-on-plateau'),
    check: `assert after.Lit().configure_optimizers()["lr_scheduler"]["monitor"] == "train_loss"`,
  },
  {
    name: 'an existing scheduler is given the loss',
    program: script()
      .replace('\nfor epoch', '\nsched = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.9)\nfor epoch')
      .replace('        optimizer.step()\n', '        optimizer.step()\n    sched.step()\n'),
    uses: use('reduce-lr-on-plateau', { factor: 0.5, patience: 10 }),
    contains: ['    sched.step(loss.item())\n'],
    check: byEpoch('1'),
  },
  {
    name: 'a script',
    program: script(),
    uses: use('warmup', { steps: 5, start_factor: 0.1 }),
    contains: [
      'warmup = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=5)',
      '        optimizer.step()\n        warmup.step()\n',
    ],
    check: byStep('min(1, 0.1 + 0.9 * step / 5)'),
    again: /like that already/,
  },
  {
    name: 'a class',
    program: trainer,
    uses: use('warmup', { steps: 5, start_factor: 0.1 }),
    check: byStep('min(1, 0.1 + 0.9 * step / 5)'),
  },
  {
    name: 'Hugging Face',
    program: arguments_,
    uses: use('warmup'),
    check: `assert after.arguments["warmup_steps"] == 10`,
  },
  {
    name: 'together, in mixed precision',
    program: amp,
    uses: [
      use('warmup', { steps: 5 }),
      use('exponential-lr', { gamma: 0.5 }),
      use('clip-grad-norm', { max_norm: 0.01 }),
    ],
    check: `${byStep('min(1, 0.1 + 0.9 * step / 5) * 0.5 ** (step // 3)')}${clipped(0.01)}`,
  },
  {
    name: 'a number',
    program: script(),
    uses: use('lower-lr'),
    contains: ['lr=0.01)'],
    check: byStep('1', 0.01),
  },
  {
    name: 'an argument by position',
    program: main,
    uses: use('lower-lr', { factor: 0.3 }),
    contains: ['torch.optim.Adam(model.parameters(), 0.003)'],
    check: 'close(after.rates[0], 0.003)',
  },
  {
    name: 'an expression',
    program: script(undefined, 'rate = 0.1\noptimizer = torch.optim.SGD(model.parameters(), lr=rate)'),
    uses: use('lower-lr'),
    contains: ['lr=rate * 0.1)'],
    check: byStep('1', 0.01),
  },
  {
    name: 'a default',
    program: script(undefined, 'optimizer = torch.optim.Adam(model.parameters())'),
    uses: use('lower-lr'),
    contains: ['torch.optim.Adam(model.parameters(), lr=0.0001)'],
    check: byStep('1', 1e-4),
  },
  {
    name: 'Hugging Face',
    program: arguments_,
    uses: use('lower-lr'),
    check: `close(after.arguments["learning_rate"], 2e-5)`,
  },
];

const rates: readonly EditCase[] = [
  { name: 'a number', program: script(), uses: use('raise-lr'), contains: ['lr=1)'], check: byStep('1', 1) },
  { name: 'an argument by position', program: main, uses: use('raise-lr'), check: 'close(after.rates[0], 0.1)' },
  {
    name: 'a default',
    program: script(undefined, 'optimizer = torch.optim.Adam(model.parameters())'),
    uses: use('raise-lr', { factor: 2 }),
    check: byStep('1', 2e-3),
  },
];

const summed = `
x = torch.randn(4, 8)
assert not torch.allclose(after.model(x).sum(1), torch.ones(4))
`;

const logits: readonly EditCase[] = [
  {
    name: 'the last item of a Sequential',
    program: script().replace('nn.Linear(8, 2))', 'nn.Linear(8, 2), nn.Softmax(dim=1))'),
    uses: use('logits'),
    contains: ['nn.Tanh(), nn.Linear(8, 2))'],
    check: summed,
    again: /no softmax/,
  },
  {
    name: 'a function before the loss',
    program: script().replace('F.cross_entropy(model(x), y)', 'F.cross_entropy(F.softmax(model(x), dim=1), y)'),
    uses: use('logits'),
    contains: ['loss = F.cross_entropy(model(x), y)'],
    check: summed,
    again: /no softmax/,
  },
  {
    name: 'the end of forward',
    program: script(
      undefined,
      `

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        x = self.fc(x)
        return torch.softmax(x, 1)


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)`,
    ),
    uses: use('logits'),
    contains: ['        return x\n'],
    check: summed,
    again: /no softmax/,
  },
];

export const trainingCases: readonly EditCase[] = [...clipping, ...schedules, ...rates, ...logits];
