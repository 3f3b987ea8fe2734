import { step, tf, torch, type RuleCases } from './cases';

const train = `
model = Net()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
`;

export const cases: RuleCases = {
  code: 'GD302',
  trips: {
    'F.softmax returned': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 3)
    def forward(self, x):
        return F.softmax(self.fc(x), dim=1)
${train}`),
    'a layer in a Sequential': torch(`
model = nn.Sequential(
    nn.Linear(8, 16),
    nn.ReLU(),
    nn.Linear(16, 3),
    nn.Softmax(dim=1),
)
loss = F.cross_entropy(model(x), y)
loss.backward()
`),
    'an attribute': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 3)
        self.softmax = nn.Softmax(dim=-1)
    def forward(self, x):
        x = self.fc(x)
        x = self.softmax(x)
        return x
${train}`),
    'in the training loop': step(`
optimizer.zero_grad()
probabilities = torch.softmax(model(x), dim=1)
loss = F.cross_entropy(probabilities, y)
loss.backward()
optimizer.step()`),
    'a method': step(`
optimizer.zero_grad()
loss = nn.CrossEntropyLoss()(model(x).softmax(dim=-1), y)
loss.backward()
optimizer.step()`),
    'sigmoid before BCE with logits': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 1)
    def forward(self, x):
        return torch.sigmoid(self.fc(x))
model = Net()
criterion = torch.nn.BCEWithLogitsLoss()
for x, y in loader:
    loss = criterion(model(x), y)
    loss.backward()
`),
    'sigmoid layer before the functional form': torch(`
model = nn.Sequential(nn.Linear(8, 1), nn.Sigmoid())
for x, y in loader:
    output = model(x).squeeze(1)
    loss = F.binary_cross_entropy_with_logits(output, y)
    loss.backward()
`),
    'model and loss through a function': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 3), nn.Softmax(1))
    def forward(self, x):
        return self.layers(x)

def train(model, criterion, loader):
    for x, y in loader:
        loss = criterion(model(x), y)
        loss.backward()

train(Net(), nn.CrossEntropyLoss(), DataLoader(data))
`),
    'ts: compiled': tf(`
const model = tf.sequential();
model.add(tf.layers.dense({ units: 3, inputShape: [4], activation: 'softmax' }));
model.compile({ optimizer: 'adam', loss: tf.losses.softmaxCrossEntropy });
`),
    'ts: in a custom loop': tf(`
const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4], activation: 'sigmoid' })] });
const optimizer = tf.train.sgd(0.1);
optimizer.minimize(() => tf.losses.sigmoidCrossEntropy(ys, model.predict(xs)));
`),
  },
  passes: {
    logits: step(`
loss = F.cross_entropy(model(x), y)
loss.backward()`),
    'log-softmax before NLL': step(`
loss = F.nll_loss(F.log_softmax(model(x), dim=1), y)
loss.backward()`),
    'log-softmax before cross-entropy, which changes nothing': step(`
loss = F.cross_entropy(F.log_softmax(model(x), dim=1), y)
loss.backward()`),
    'sigmoid before BCE': step(`
loss = F.binary_cross_entropy(torch.sigmoid(model(x)), y)
loss.backward()`),
    'softmax of the target': step(`
loss = F.cross_entropy(model(x), torch.softmax(teacher(x), dim=1))
loss.backward()`),
    'softmax for the prediction only': step(`
logits = model(x)
loss = F.cross_entropy(logits, y)
loss.backward()
probabilities = F.softmax(logits, dim=1)
print(probabilities.argmax(1))`),
    'attention inside the model': torch(`
class Pool(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(8, 1)
        self.out = nn.Linear(8, 3)
    def forward(self, x):
        weights = torch.softmax(self.score(x), dim=1)
        return self.out((weights * x).sum(1))
model = Pool()
loss = F.cross_entropy(model(x), y)
`),
    'softmax only in evaluation': torch(`
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 3)
    def forward(self, x):
        x = self.fc(x)
        if not self.training:
            x = F.softmax(x, dim=1)
        return x
${train}`),
    'a loss that is not known': step(`
loss = focal_loss(torch.sigmoid(model(x)), y)
loss.backward()`),
    'mean squared error of probabilities': step(`
loss = criterion(torch.softmax(model(x), 1), y)
loss.backward()`),
    'ts: probabilities where they belong': tf(`
const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4], activation: 'softmax' })] });
model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
`),
  },
};
