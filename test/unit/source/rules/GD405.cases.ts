import { tf, torch, type RuleCases } from './cases';

const train = (batch: string): string =>
  torch(`
model = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1))
optimizer = optim.SGD(model.parameters(), lr=0.1)
loader = DataLoader(dataset, ${batch})
for x, y in loader:
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
`);

export const cases: RuleCases = {
  code: 'GD405',
  trips: {
    'over an LSTM': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 16, batch_first=True)
        self.norm = nn.BatchNorm1d(16)
        self.head = nn.Linear(16, 2)
    def forward(self, x):
        out, _ = self.rnn(x)
        out = self.norm(out.transpose(1, 2)).transpose(1, 2)
        return self.head(out)
`),
    'between two recurrent layers': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.GRU(8, 16)
        self.norm = nn.BatchNorm1d(16)
        self.second = nn.GRU(16, 16)
    def forward(self, x):
        x, _ = self.first(x)
        x = self.norm(x.permute(1, 2, 0)).permute(2, 0, 1)
        return self.second(x)[0]
`),
    'on the state of a cell': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(8, 16)
        self.norm = nn.BatchNorm1d(16)
    def forward(self, x, h):
        for t in range(20):
            h = self.norm(self.cell(x, h))
        return h
`),
    'over the steps flattened': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(8, 16)
        self.norm = nn.BatchNorm1d(16)
    def forward(self, x):
        y, _ = self.rnn(x)
        return self.norm(y.reshape(-1, 16))
`),
    'batches of one': train('batch_size=1'),
    'batches of one, by position': train('1'),
    'batches of one, from a constant': torch(`
BATCH = 1
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.bn = nn.BatchNorm2d(8)
    def forward(self, x):
        return self.bn(self.conv(x)).mean()
model = Net()
optimizer = optim.Adam(model.parameters())
for epoch in range(3):
    for i, x in enumerate(DataLoader(data, batch_size=BATCH, shuffle=True)):
        optimizer.zero_grad()
        model(x).backward()
        optimizer.step()
`),
    'ts: over a sequence': tf(`
const model = tf.sequential();
model.add(tf.layers.lstm({ units: 8, inputShape: [10, 3], returnSequences: true }));
model.add(tf.layers.batchNormalization());
model.add(tf.layers.lstm({ units: 8 }));
`),
    'ts: batches of one': tf(`
const model = tf.sequential();
model.add(tf.layers.dense({ units: 8, inputShape: [3] }));
model.add(tf.layers.batchNormalization());
model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
await model.fit(xs, ys, { batchSize: 1, epochs: 3 });
`),
  },
  passes: {
    'batches of 32': train('batch_size=32'),
    'a batch size that is not known': train('batch_size=args.batch_size'),
    'layer normalization over an LSTM': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 16)
        self.norm = nn.LayerNorm(16)
    def forward(self, x):
        return self.norm(self.rnn(x)[0])
`),
    'on the last step': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 16, batch_first=True)
        self.norm = nn.BatchNorm1d(16)
        self.head = nn.Linear(16, 2)
    def forward(self, x):
        out, _ = self.rnn(x)
        return self.head(self.norm(out[:, -1]))
`),
    'in the convolutions before': torch(`
class CRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv1d(8, 16, 3), nn.BatchNorm1d(16), nn.ReLU())
        self.rnn = nn.GRU(16, 16)
    def forward(self, x):
        return self.rnn(self.conv(x).permute(2, 0, 1))[0]
`),
    'after pooling over time': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(8, 16)
        self.norm = nn.BatchNorm1d(16)
    def forward(self, x):
        out, _ = self.rnn(x)
        return self.norm(out.mean(dim=0))
`),
    'batches of one in the evaluation only': torch(`
model = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1))
optimizer = optim.SGD(model.parameters(), lr=0.1)
for x, y in DataLoader(train_set, batch_size=64):
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    for x, y in DataLoader(test_set, batch_size=1):
        print(F.mse_loss(model(x), y))
`),
    'batches of one without batch norm': torch(`
model = nn.Sequential(nn.Linear(8, 16), nn.GroupNorm(4, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = optim.SGD(model.parameters(), lr=0.1)
for x, y in DataLoader(dataset, batch_size=1):
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
`),
    'ts: batches of 32': tf(`
const model = tf.sequential();
model.add(tf.layers.dense({ units: 8, inputShape: [3] }));
model.add(tf.layers.batchNormalization());
await model.fit(xs, ys, { batchSize: 32 });
`),
    'ts: after the whole sequence': tf(`
const model = tf.sequential();
model.add(tf.layers.lstm({ units: 8, inputShape: [10, 3] }));
model.add(tf.layers.batchNormalization());
model.add(tf.layers.dense({ units: 1 }));
`),
  },
};
