import { tf, torch, type RuleCases } from './cases';

const recurrent = (cell: string): string => `
class Tagger(nn.Module):
    def __init__(self, n=32):
        super().__init__()
        self.rnn = nn.${cell}(8, n, batch_first=True)
        self.head = nn.Linear(n, 4)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.head(out[:, -1])
`;

const loop = (clip: string): string => `
model = Tagger()
optimizer = optim.Adam(model.parameters(), lr=1e-3)
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
${clip}    optimizer.step()
`;

export const cases: RuleCases = {
  code: 'GD104',
  trips: {
    'an LSTM in a plain loop': torch(recurrent('LSTM') + loop('')),
    'a GRU': torch(recurrent('GRU') + loop('')),
    'a plain RNN': torch(recurrent('RNN') + loop('')),
    'training in a function': torch(
      recurrent('LSTM') +
        `
def train(model, loader, optimizer, criterion):
    for x, y in loader:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()

def main():
    net = Tagger(64)
    train(net, DataLoader(data), optim.SGD(net.parameters(), lr=0.1), nn.CrossEntropyLoss())

main()
`,
    ),
    'cells unrolled by hand': torch(`
class Sequence(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(1, 51)
        self.linear = nn.Linear(51, 1)

    def forward(self, input):
        h = torch.zeros(input.size(0), 51)
        c = torch.zeros(input.size(0), 51)
        outputs = []
        for t in input.split(1, dim=1):
            h, c = self.cell(t, (h, c))
            outputs.append(self.linear(h))
        return torch.cat(outputs, dim=1)

seq = Sequence()
optimizer = optim.LBFGS(seq.parameters(), lr=0.8)
for i in range(15):
    def closure():
        optimizer.zero_grad()
        loss = F.mse_loss(seq(x), y)
        loss.backward()
        return loss
    optimizer.step(closure)
`),
    'under a gradient scaler': torch(
      recurrent('GRU') +
        `
model = Tagger()
optimizer = optim.Adam(model.parameters())
scaler = torch.cuda.amp.GradScaler()
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
`,
    ),
    'Lightning without gradient_clip_val': torch(`
import pytorch_lightning as pl
class Model(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(4, 8)
        self.out = nn.Linear(8, 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0])

    def training_step(self, batch, batch_idx):
        x, y = batch
        return F.mse_loss(self(x), y)

    def configure_optimizers(self):
        return optim.Adam(self.parameters())

trainer = pl.Trainer(max_epochs=3)
trainer.fit(Model(), loader)
`),
    'in a class that trains': torch(
      recurrent('LSTM') +
        `
class Trainer:
    def __init__(self):
        self.model = Tagger()
        self.optimizer = optim.Adam(self.model.parameters())

    def train_step(self, x, y):
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()
`,
    ),
    'ts: fit': tf(`
const model = tf.sequential();
model.add(tf.layers.lstm({ units: 16, inputShape: [30, 4] }));
model.add(tf.layers.dense({ units: 1 }));
model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
await model.fit(xs, ys, { epochs: 5 });
`),
    'ts: minimize': tf(`
const model = tf.sequential({ layers: [tf.layers.gru({ units: 8, inputShape: [10, 2] }), tf.layers.dense({ units: 1 })] });
const optimizer = tf.train.adam(0.001);
for (let i = 0; i < 100; i++) {
  optimizer.minimize(() => tf.losses.meanSquaredError(ys, model.predict(xs)));
}
`),
  },
  passes: {
    'clipped by norm': torch(recurrent('LSTM') + loop('    nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n')),
    'clipped by value': torch(recurrent('GRU') + loop('    nn.utils.clip_grad_value_(model.parameters(), 1.0)\n')),
    'clipped in a helper of another file': torch(
      'from utils import clip_gradients\n' + recurrent('GRU') + loop('    clip_gradients(model)\n'),
    ),
    'no recurrent layer': torch(`
model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
`),
    'a model alone': torch(recurrent('LSTM')),
    'only evaluated': torch(`${recurrent('LSTM')}
model = Tagger()
model.eval()
with torch.no_grad():
    for x, y in loader:
        print(F.cross_entropy(model(x), y).item())
`),
    'another network is trained': torch(`${recurrent('LSTM')}
encoder = Tagger()
head = nn.Linear(4, 2)
optimizer = optim.Adam(head.parameters())
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(head(features(x)), y)
    loss.backward()
    optimizer.step()
`),
    'Lightning with gradient_clip_val': torch(`
import lightning.pytorch as pl
class Model(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(4, 8)

    def training_step(self, batch, batch_idx):
        x, y = batch
        return F.mse_loss(self.rnn(x)[0], y)

trainer = pl.Trainer(max_epochs=3, gradient_clip_val=0.5)
`),
    'a function that is not known does the rest': torch(`${recurrent('LSTM')}
model = Tagger()
optimizer = optim.Adam(model.parameters())
for x, y in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    apply_gradients(loss, model, optimizer)
`),
    'ts: no recurrent layer': tf(`
const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [3] })] });
model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
await model.fit(xs, ys);
`),
    'ts: clipped by hand': tf(`
const model = tf.sequential({ layers: [tf.layers.lstm({ units: 8, inputShape: [10, 2] })] });
const optimizer = tf.train.adam(0.001);
const { grads } = tf.variableGrads(() => tf.losses.meanSquaredError(ys, model.predict(xs)));
const clipped = Object.fromEntries(Object.entries(grads).map(([name, g]) => [name, tf.clipByValue(g, -1, 1)]));
optimizer.applyGradients(clipped);
`),
  },
};
