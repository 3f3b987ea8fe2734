import { tf, torch, type RuleCases } from './cases';

const model = 'model = nn.Linear(4, 1)\n';

export const cases: RuleCases = {
  code: 'GD108',
  trips: {
    'SGD above 1': torch(`${model}optimizer = optim.SGD(model.parameters(), lr=5.0)\n`),
    'Adam above 0.01': torch(`${model}optimizer = torch.optim.Adam(model.parameters(), lr=0.1)\n`),
    'AdamW by position': torch(`${model}optimizer = torch.optim.AdamW(model.parameters(), 0.05)\n`),
    'a constant': torch(`LEARNING_RATE = 1e-1\n${model}optimizer = optim.Adam(model.parameters(), lr=LEARNING_RATE)\n`),
    'a default argument': torch(`
def make(model, lr=3.0):
    return optim.SGD(model.parameters(), lr=lr)
`),
    'a command line default': torch(`
import argparse
parser = argparse.ArgumentParser()
parser.add_argument('--lr', type=float, default=2.0)
args = parser.parse_args()
${model}optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
`),
    'hardly anything': torch(`${model}optimizer = optim.Adam(model.parameters(), lr=1e-9)\n`),
    computed: torch(`base = 0.5\n${model}optimizer = optim.SGD(model.parameters(), lr=base * 4)\n`),
    'imported by name': `from torch.optim import Adam as Optimizer
from torch import nn
net = nn.Linear(1, 1)
opt = Optimizer(net.parameters(), lr=0.3)
`,
    'ts: adam': tf(`const optimizer = tf.train.adam(0.5);\n`),
    'ts: sgd': tf(`const rate = 10;\nconst optimizer = tf.train.sgd(rate);\n`),
  },
  passes: {
    'SGD at 1': torch(`${model}optimizer = optim.SGD(model.parameters(), lr=1.0)\n`),
    'SGD at 0.1': torch(`${model}optimizer = optim.SGD(model.parameters(), lr=0.1)\n`),
    'Adam at 0.01': torch(`${model}optimizer = optim.Adam(model.parameters(), lr=1e-2)\n`),
    'Adam at its default': torch(`${model}optimizer = optim.Adam(model.parameters())\n`),
    'Adadelta at 1': torch(`${model}optimizer = optim.Adadelta(model.parameters(), lr=1.0)\n`),
    'LBFGS at 1': torch(`${model}optimizer = optim.LBFGS(model.parameters(), lr=1)\n`),
    'not known': torch(`${model}optimizer = optim.Adam(model.parameters(), lr=config.lr)\n`),
    'zero, set by a schedule': torch(`${model}optimizer = optim.Adam(model.parameters(), lr=0)\n`),
    'a class of the same name': `from mine import Adam
optimizer = Adam(parameters, lr=5.0)
`,
    'ts: adam at 0.001': tf(`const optimizer = tf.train.adam(0.001);\n`),
    'ts: not known': tf(`const optimizer = tf.train.adam(settings.learningRate);\n`),
  },
};
