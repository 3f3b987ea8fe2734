/**
 * What the examples of the lint rules need to run, and what must hold after a fix. Python sees the functions of
 * `check.py` everywhere; `check` also sees everything that the mended program has defined.
 */

export interface Execution {
  /** Runs before the program: what it leaves open. */
  given?: string;
  /** Runs after it: calls what it only defines. */
  then?: string;
  /** What must hold once every finding is fixed, instead of what must hold for all of the rule's examples. */
  check?: string;
}

export interface Executions {
  check: string;
  /** Whether the check also sees the program as it was, as the module `before` beside `after`. */
  compare?: boolean;
  /** By the names of the rule's examples. One that is not here runs as it is. */
  cases: Readonly<Record<string, Execution>>;
}

const regression = (inputs: number, outputs = 1): string => `loader = regression(${inputs}, ${outputs})\n`;
const classification = (inputs: number, classes: number): string => `loader = classification(${inputs}, ${classes})\n`;
const images = (channels: number): string => `images = torch.randn(4, ${channels}, 16, 16)\n`;

const clipped = "every_step_is('backward', 'clip', 'step')\n";
const clippedUnscaled = `every_step_is('backward', 'unscale', 'clip', 'step')
assert all(1e-3 < norm <= 1.001 for norm in norms_at_step()), norms_at_step()
`;
/** A scheduler of the optimizer that the program makes. */
const scheduler =
  'on_optimizer(lambda optimizer: globals().update(scheduler=torch.optim.lr_scheduler.StepLR(optimizer, 1)))\n';

const initialized = (weight: string, deviation: string, more = ''): string => `about(${weight}, ${deviation})\n${more}`;

const rateIs = (rate: number): Execution => ({
  check: `close(optimizers[-1].param_groups[0]['lr'], ${rate}, 1e-9)\n`,
});

const forEach = (names: readonly string[], execution: Execution): Record<string, Execution> =>
  Object.fromEntries(names.map((name) => [name, execution]));

export const executions: Readonly<Record<string, Executions>> = {
  GD101: {
    check: clipped,
    cases: {
      'in a function that gets everything': {
        then: 'model = nn.Linear(8, 1)\ntrain_epoch(model, loader, sgd(model), F.mse_loss)\n',
      },
      'by value, with an alias': {
        then: 'net = nn.Linear(8, 1)\nfit(net, sgd(net), [x for x, _ in loader])\n',
        check: `${clipped}assert all(event['largest'] <= 0.5 for event in events if event['kind'] == 'step')\n`,
      },
      'a scheduler between': { given: scheduler },
      'under a gradient scaler': { check: clippedUnscaled },
      'in a class that trains': { then: 'Trainer(nn.Linear(8, 1), loader).run()\n' },
      'in a function for one step': {
        then: 'model = nn.Linear(8, 2)\ntrain_step(model, sgd(model), *classification(8, 2)[0])\n',
      },
      'under a condition': { given: 'clip_gradients = True\n' },
      'in nested loops over epochs': { given: regression(3) },
      'the backward pass in another function': { given: 'x, y = classification(4, 2)[0]\nlimit(3)\n' },
    },
  },
  GD102: {
    check: clipped,
    cases: {
      'in a function': { then: 'model = nn.Linear(8, 1)\ntrain(model, [x for x, _ in loader], sgd(model))\n' },
      'imported by name': { then: 'model = nn.Linear(8, 1)\ntrain(model, [x for x, _ in loader], sgd(model))\n' },
      'under a gradient scaler': { check: clippedUnscaled },
      'in a method': { then: 'Agent().update(torch.randn(3, 4), torch.randn(3, 2))\n' },
      'before the backward pass of a closure': {
        then: 'model = nn.Linear(8, 1)\none_step(model, sgd(model), torch.randn(4, 8))\n',
      },
    },
  },
  GD103: {
    check: clippedUnscaled,
    cases: {
      'the scaler made in the file': { given: classification(2, 2) },
      'the newer scaler': {
        then: 'model = nn.Linear(8, 2)\ntrain(model, classification(8, 2), sgd(model))\n',
        check: `every_step_is('backward', 'unscale', 'clip', 'step')
assert all(1e-3 < event['largest'] <= 0.5 for event in events if event['kind'] == 'step')
`,
      },
      'in a trainer class': {
        then: 'model = nn.Linear(8, 2)\nTrainer(model, sgd(model)).step(*classification(8, 2)[0])\n',
      },
      'only under AMP': { given: 'args = types.SimpleNamespace(amp=True)\n' },
      'with accumulation': { given: 'i = 3\n' },
    },
  },
  GD104: {
    check: `${clipped}assert all(norm <= 1.001 for norm in norms_at_step()), norms_at_step()\n`,
    cases: {
      'an LSTM in a plain loop': { given: 'loader = sequences(8, 4)\n' },
      'a GRU': { given: 'loader = sequences(8, 4)\n' },
      'a plain RNN': { given: 'loader = sequences(8, 4)\n' },
      'training in a function': { given: 'data = [(torch.randn(5, 8), 1), (torch.randn(5, 8), 3)]\n' },
      'under a gradient scaler': { given: 'loader = sequences(8, 4)\n', check: clippedUnscaled },
      'Lightning without gradient_clip_val': {
        given: 'loader = [(torch.randn(5, 2, 4), torch.randn(5, 2, 1)) for _ in range(3)]\n',
      },
      'in a class that trains': {
        then: 'trainer = Trainer()\nfor batch in sequences(8, 4): trainer.train_step(*batch)\n',
      },
    },
  },
  GD105: {
    check: 'starts_clean()\nall_receive_gradients()\n',
    cases: {
      'in a function': { then: 'model = nn.Linear(8, 2)\ntrain(model, classification(8, 2), sgd(model))\n' },
      'over epochs': { given: regression(2) },
      'a while loop': { given: 'x = torch.randn(4, 2)\nconverged = False\nlimit(3)\n' },
      'cleared once before the loop': { given: 'data = torch.randn(4, 2)\nlimit(3)\n' },
      'in a method': { then: 'Trainer(nn.Linear(8, 1), loader).fit()\n' },
      'with a scheduler and printing': { given: scheduler },
    },
  },
  GD106: {
    check: 'scheduled_after_steps()\n',
    cases: {
      'at the start of the epoch': { given: regression(2) },
      'in every step': { given: scheduler },
      'from its own import': { given: 'loader = [torch.randn(4, 3)]\n' },
      'a plateau without its metric': {
        given: regression(2),
        check: `metrics = [event['metric'] for event in events if event['kind'] == 'schedule']
assert len(metrics) == 10 and metrics[-1] == loss.item(), metrics
`,
      },
      'a plateau with a validation loss at hand': {
        given: 'train_one_epoch = lambda model, optimizer: None\nevaluate = lambda model: 0.25\n',
        check: `metrics = [event['metric'] for event in events if event['kind'] == 'schedule']
assert metrics == [0.25] * 10, metrics
`,
      },
      'under a gradient scaler': { given: scheduler },
      'in a class': { then: 'Trainer(nn.Linear(2, 1)).fit(regression(2, 1))\n' },
      'two schedulers': { given: regression(2) },
    },
  },
  GD107: {
    check: 'all_receive_gradients()\n',
    cases: {
      'layers in a plain list': {
        then: 'net = Net()\ntrain(net, torch.randn(4, 8))\n',
        check: 'all_receive_gradients()\nassert len(list(net.parameters())) == 10\n',
      },
      'layers appended to a plain list': {
        then: 'net = Net()\ntrain(net, torch.randn(4, 16))\n',
        check: 'all_receive_gradients()\nassert len(list(net.parameters())) == 6\n',
      },
      'layers in a plain dictionary': {
        then: 'net = Heads()\ntrain(net, torch.randn(4, 4))\n',
        check: 'all_receive_gradients()\nassert len(list(net.parameters())) == 4\n',
      },
    },
  },
  GD108: {
    check: "assert False, 'which rate?'\n",
    cases: {
      'SGD above 1': rateIs(0.1),
      'Adam above 0.01': rateIs(0.001),
      'AdamW by position': rateIs(0.001),
      'hardly anything': rateIs(0.001),
      'imported by name': rateIs(0.001),
    },
  },
  GD201: {
    check: initialized('net.fc1.weight', '(2 / 10) ** 0.5'),
    cases: {
      'Xavier before relu, by attribute': { then: 'net = Net()\ntrain(net, torch.randn(4, 10))\n' },
      'Xavier over all modules': {
        then: 'net = Net()\ntrain(net, torch.randn(4, 10))\n',
        check: initialized('net.fc1.weight', '(2 / 10) ** 0.5', 'about(net.fc2.weight, (2 / 20) ** 0.5)\n'),
      },
      'Xavier through apply': {
        then: 'train(net, torch.randn(4, 4))\n',
        check: initialized('net[2].weight', '(2 / 8) ** 0.5'),
      },
      'Xavier before GELU in a convolution': {
        given: images(3),
        then: 'net = Conv()\ntrain(net, images)\n',
        check: initialized('net.conv1.weight', '(2 / 27) ** 0.5'),
      },
      'Kaiming before tanh': {
        then: 'net = Net()\ntrain(net, torch.randn(4, 10))\n',
        check: initialized('net.fc1.weight', '(2 / 30) ** 0.5'),
      },
      'Kaiming for relu before sigmoid': {
        then: 'net = Net()\ntrain(net, torch.randn(4, 10))\n',
        check: initialized('net.fc1.weight', '(2 / 30) ** 0.5', 'about(net.fc2.weight, (2 / 40) ** 0.5)\n'),
      },
      'Kaiming with the gain of tanh before relu': {
        then: 'net = Net()\ntrain(net, torch.randn(4, 10))\n',
        check: initialized('net.fc2.weight', '(2 / 20) ** 0.5'),
      },
      'imported by name': {
        then: 'net = Net()\ntrain(net, torch.randn(4, 4))\n',
        check: initialized('net.a.weight', '(2 / 4) ** 0.5'),
      },
    },
  },
  GD202: {
    check: 'units_differ(net.fc1.weight)\nunits_differ(net.fc1.weight.grad)\n',
    cases: {
      ...forEach(
        [
          ...['zeros', 'ones', 'a constant', 'data filled', 'data zeroed'],
          ...['over all modules', 'over the named parameters'],
        ],
        { then: 'net = Net()\ntrain(net, torch.randn(4, 10))\n' },
      ),
      'through apply': {
        given: images(3),
        // The example has no size for its last layer that fits: its convolutions are trained.
        then: 'train(net[:4], images)\n',
        check: 'units_differ(net[0].weight)\nunits_differ(net[0].weight.grad)\nunits_differ(net[2].weight)\n',
      },
    },
  },
  GD203: {
    check: 'about(net.body[0].weight, (2 / 256) ** 0.5)\n',
    cases: {
      ...forEach(
        [
          'normal, too small',
          'normal, too large',
          'normal by default',
          'uniform, too large',
          'uniform by default',
          'before relu',
        ],
        { then: 'net = Net()\ntrain(net, torch.randn(4, 256))\n' },
      ),
      'layer by layer': {
        then: 'net = Net()\ntrain(net, torch.randn(4, 400))\n',
        check: 'for layer in (net.a, net.b, net.c, net.d): about(layer.weight, (2 / 400) ** 0.5)\n',
      },
      'truncated, in convolutions': {
        then: 'train(net, torch.randn(2, 64, 12, 12))\n',
        check: 'for layer in net[::2]: about(layer.weight, (2 / 576) ** 0.5)\n',
      },
    },
  },
  GD204: {
    check: 'is_orthogonal(net.rnn.weight_hh_l0, gates)\n',
    cases: {
      'an LSTM at its default': { then: 'net, gates = Net(), 4\ntrain(net, torch.randn(3, 5, 8))\n' },
      'a GRU at its default': { then: 'net, gates = Net(), 3\ntrain(net, torch.randn(3, 5, 8))\n' },
      'a plain RNN at its default': { then: 'net, gates = Net(), 1\ntrain(net, torch.randn(3, 5, 8))\n' },
      'two layers': {
        then: 'net = Net()\ntrain(net, torch.randn(3, 5, 8))\n',
        check: 'is_orthogonal(net.rnn.weight_hh_l0, 4)\nis_orthogonal(net.rnn.weight_hh_l1, 4)\n',
      },
      'Xavier on the recurrent weights': { then: 'net, gates = Net(), 4\ntrain(net, torch.randn(3, 5, 8))\n' },
      'normal over the named parameters': { then: 'net, gates = Net(), 3\ntrain(net, torch.randn(3, 5, 8))\n' },
      'a cell': {
        then: 'net = Net()\ntrain(net, torch.randn(3, 4), (torch.zeros(3, 8), torch.zeros(3, 8)))\n',
        check: 'is_orthogonal(net.cell.weight_hh, 4)\n',
      },
      'outside a module': { check: 'is_orthogonal(rnn.weight_hh_l0, 3)\n' },
    },
  },
  GD301: {
    check: "assert 'relu' in ops and 'sigmoid' not in ops and 'tanh' not in ops, set(ops)\n",
    cases: {
      'a Sequential': { then: 'train(net, torch.randn(4, 8))\n' },
      'attributes and functional calls': { then: 'train(Net(), torch.randn(4, 8))\n' },
      'a ModuleList from a default argument': { then: 'train(Net(6), torch.randn(4, 64))\n' },
      'a list built in a loop, with a constant': { then: 'train(model, torch.randn(4, 16))\n' },
      'blocks of an own class': { then: 'train(Net(), torch.randn(4, 8))\n' },
      'convolutions with pooling': { then: 'train(LeNet(), torch.randn(2, 1, 32, 32))\n' },
      'methods of tensors, one layer used several times': { then: 'train(Net(), torch.randn(4, 4))\n' },
      'the activation as an argument': { then: 'train(model, torch.randn(4, 4))\n' },
      'dropout between': { then: 'train(net, torch.randn(4, 8))\n' },
    },
  },
  GD302: {
    check: "assert '_log_softmax' in ops and '_softmax' not in ops, set(ops)\n",
    cases: {
      'F.softmax returned': { given: classification(8, 3) },
      'a layer in a Sequential': {
        given: 'x, y = classification(8, 3)[0]\n',
      },
      'an attribute': { given: classification(8, 3) },
      'sigmoid before BCE with logits': {
        given: 'loader = [(torch.randn(4, 8), torch.rand(4, 1))]\n',
        // Once, in the backward pass of the loss.
        check: "assert ops.count('sigmoid') == 1, ops\n",
      },
      'sigmoid layer before the functional form': {
        given: 'loader = [(torch.randn(4, 8), torch.rand(4))]\n',
        check: "assert ops.count('sigmoid') == 1, ops\n",
      },
      'model and loss through a function': {
        given: 'data = [(torch.randn(8), 1), (torch.randn(8), 2)]\n',
      },
    },
  },
  GD303: {
    check: "assert ops.count('relu') == 1, ops\n",
    cases: {
      'in a Sequential': { then: 'train(net, torch.randn(4, 8))\n' },
      'in a Sequential on lines': {
        then: 'train(net, torch.randn(4, 8))\n',
        check: "assert ops.count('relu') == 2, ops\n",
      },
      'in forward': { then: 'train(Net(), torch.randn(4, 8))\n' },
      'in one expression': { then: 'train(Net(), torch.randn(4, 8))\n' },
      'dropout between': { then: 'train(net, torch.randn(4, 8))\n' },
      'a reshape between': { then: 'train(Net(), torch.randn(4, 8))\n' },
      'across modules': { then: 'train(Net(), torch.randn(4, 8))\n' },
      'of a list': { then: 'train(net, torch.randn(4, 8))\n' },
    },
  },
  GD403: {
    check: "assert [type(each).__name__ for each in made] == ['LSTM'], made\n",
    cases: {
      ...forEach(
        [
          'the state not used',
          'the state used',
          'only the output taken',
          'relu as its nonlinearity',
          'known to be long',
        ],
        { then: 'net = Net()\ntrain(net, torch.randn(3, 5, 8))\nmade = [net.rnn]\n' },
      ),
      'imported by name': { then: 'net = Net()\ntrain(net, torch.randn(3, 5, 4))\nmade = [net.rnn]\n' },
      'outside a module': { given: 'sequence = torch.randn(5, 3, 4)\n', then: 'made = [rnn]\n' },
    },
  },
  GD406: {
    compare: true,
    check: 'without_bias(before.net, after.net, before.images)\n',
    cases: {
      'in a Sequential': { given: images(3), then: 'train(net, images)\n' },
      attributes: { given: images(3), then: 'net = Net()\ntrain(net, images)\n' },
      'bias=True written out': { given: 'images = torch.randn(4, 3, 16)\n', then: 'train(net, images)\n' },
      'a linear layer': { given: 'images = torch.randn(4, 4)\n', then: 'train(net, images)\n' },
      'in a loop': { given: images(8), then: 'train(net, images)\n' },
      'in a helper': { given: images(3), then: 'train(net, images)\n' },
      transposed: { given: images(8), then: 'train(net, images)\n' },
      'nested calls': { given: 'images = torch.randn(4, 1, 5, 5, 5)\n', then: 'net = Net()\ntrain(net, images)\n' },
    },
  },
};
