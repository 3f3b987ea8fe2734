/** Every TensorFlow.js fix of a lint rule, applied to every example that trips the rule, executed and trained. */
import assert from 'node:assert/strict';
import type * as tfTypes from '@tensorflow/tfjs';
import { transformSync } from 'esbuild';
import { rules } from '../../../../extension/source/rules';
import { loadTensorFlow } from '../../load-tensorflow';
import { allCases } from './all-cases';
import { fixedExamples, isTypeScript } from './fixing';

/** What these rules find has no fix that would be right everywhere. */
const withoutFix = ['GD401', 'GD402', 'GD405'];

/** What a program leaves behind: its names, and the norm of the gradients of every step. */
interface Made {
  model: tfTypes.LayersModel;
  optimizer: tfTypes.Optimizer;
  output: tfTypes.SymbolicTensor;
  norms: number[];
}

interface Execution {
  /** Shapes of the data that the program leaves open: `xs`, `ys`. */
  xs?: number[];
  ys?: number[];
  check: (made: Made, tf: typeof tfTypes) => void;
}

const kernel = (model: tfTypes.LayersModel, layer: number, which = 0): tfTypes.Tensor =>
  model.layers[layer]!.getWeights()[which]!;

const deviation = (weight: tfTypes.Tensor): number =>
  Math.sqrt(weight.sub(weight.mean()).square().mean().dataSync()[0]!);

/** As near as the number of weights allows. */
const about = (weight: tfTypes.Tensor, expected: number): void => {
  const got = deviation(weight);
  assert.ok(Math.abs(got / expected - 1) < 0.02 + 3 / Math.sqrt(weight.size), `${got} is not about ${expected}`);
};

const activations = (model: tfTypes.LayersModel): unknown[] =>
  model.layers.flatMap((layer) => {
    const { activation } = layer.getConfig() as { activation?: string };
    return activation === undefined ? [] : [activation];
  });

const isClipped = ({ norms }: Made): void => {
  assert.ok(norms.length > 0, 'no step');
  for (const norm of norms) assert.ok(norm > 0 && norm <= 1.001, String(norm));
};

const isOrthogonal = ({ model }: Made, tf: typeof tfTypes): void => {
  const rows = kernel(model, 0, 1);
  const product = tf.matMul(rows, rows, false, true).sub(tf.eye(rows.shape[0]));
  assert.ok(product.abs().max().dataSync()[0]! < 1e-3);
};

/** By rule, and by the name of its example. */
const executions: Readonly<Record<string, Readonly<Record<string, Execution>>>> = {
  GD104: {
    'ts: fit': { xs: [8, 30, 4], ys: [8, 1], check: isClipped },
    'ts: minimize': { xs: [8, 10, 2], ys: [8, 1], check: isClipped },
  },
  GD108: {
    'ts: adam': {
      check: ({ optimizer }) => {
        assert.equal((optimizer as unknown as { learningRate: number }).learningRate, 0.001);
      },
    },
  },
  GD201: {
    'ts: glorot before relu': {
      check: ({ model }) => {
        about(kernel(model, 0), Math.sqrt(2 / 4));
      },
    },
    'ts: he before tanh': {
      check: ({ model }) => {
        about(kernel(model, 0), Math.sqrt(2 / 20));
      },
    },
  },
  GD202: {
    'ts: zeros': {
      check: ({ model }) => {
        about(kernel(model, 0), Math.sqrt(2 / 4));
      },
    },
    'ts: ones': {
      check: ({ model }) => {
        about(kernel(model, 0), Math.sqrt(2 / 20));
      },
    },
  },
  GD203: {
    'ts: randomNormal': {
      check: ({ model }) => {
        // TensorFlow.js cuts the normal distribution off at two deviations, which leaves 0.88 of one.
        for (let layer = 0; layer < 5; layer++) about(kernel(model, layer), 0.88 * Math.sqrt(2 / 256));
      },
    },
  },
  GD204: { 'ts: glorot': { check: isOrthogonal }, 'ts: normal': { check: isOrthogonal } },
  GD301: {
    'ts: add in a loop': {
      check: ({ model }) => {
        assert.deepEqual(activations(model), [...Array<string>(6).fill('relu'), 'linear']);
      },
    },
    'ts: functional': {
      check: ({ model }) => {
        assert.deepEqual(activations(model), [...Array<string>(4).fill('relu'), 'linear']);
      },
    },
  },
  GD302: {
    'ts: compiled': {
      xs: [8, 4],
      ys: [8, 3],
      check: ({ model }) => {
        assert.deepEqual(activations(model), ['linear']);
      },
    },
    'ts: in a custom loop': {
      xs: [8, 4],
      ys: [8, 1],
      check: ({ model }) => {
        assert.deepEqual(activations(model), ['linear']);
      },
    },
  },
  GD303: {
    'ts: dense and dense': {
      check: ({ model }) => {
        assert.deepEqual(activations(model), ['relu', 'linear']);
      },
    },
    'ts: functional': {
      check: ({ output }) => {
        const [hidden] = output.inputs;
        assert.deepEqual((hidden!.sourceLayer.getConfig() as { activation: string }).activation, 'relu');
      },
    },
  },
  GD403: {
    'ts: long': {
      check: ({ model }) => {
        assert.equal(model.layers[0]!.getClassName(), 'LSTM');
      },
    },
    'ts: unknown': {
      check: ({ model }) => {
        assert.equal(model.layers[0]!.getClassName(), 'LSTM');
      },
    },
  },
  GD406: {
    'ts: conv2d': {
      check: ({ model }) => {
        assert.equal(model.layers[0]!.getWeights().length, 1);
      },
    },
  },
};

const examples = allCases.flatMap(({ code, trips }) =>
  Object.entries(trips)
    .filter(([name]) => isTypeScript(name))
    .flatMap(([name, program]) => fixedExamples(code, name, program)),
);

describe('the fixes of the lint rules under TensorFlow.js', () => {
  let tf: typeof tfTypes;

  before(async function () {
    this.timeout(60_000);
    tf = await loadTensorFlow();
  });

  /** Notes the gradients of every step of an optimizer class while something runs. */
  const recording = async (run: () => Promise<Made>): Promise<Made> => {
    const norms: number[] = [];
    const prototype: tfTypes.Optimizer = tf.AdamOptimizer.prototype;
    const apply = Object.getOwnPropertyDescriptor(prototype, 'applyGradients')!;
    prototype.applyGradients = function (this: tfTypes.Optimizer, gradients) {
      const tensors = Array.isArray(gradients) ? gradients.map(({ tensor }) => tensor) : Object.values(gradients);
      norms.push(Math.hypot(...tensors.map((each) => each.norm().dataSync()[0]!)));
      (apply.value as tfTypes.Optimizer['applyGradients']).call(this, gradients);
    };
    try {
      return { ...(await run()), norms };
    } finally {
      Object.defineProperty(prototype, 'applyGradients', apply);
    }
  };

  /** Runs a program from the top, with data of the shapes that it expects. */
  const execute = (text: string, { xs = [1], ys = [1] }: Partial<Execution>): Promise<Made> => {
    const { code } = transformSync(text.replace(/^import .*\n/m, ''), { loader: 'ts', target: 'es2022' });
    const names = [...text.matchAll(/^(?:const|let) (\w+)/gm)].map(([, name]) => name);
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- executing the fixed program is the test
    const run = new Function(
      'tf',
      'xs',
      'ys',
      `return (async () => { ${code}\nreturn { ${names.join(', ')} }; })();`,
    ) as (...given: unknown[]) => Promise<Made>;
    return recording(() => run(tf, tf.randomNormal(xs, 0, 3, 'float32', 1), tf.randomUniform(ys, 0, 9, 'float32', 2)));
  };

  /** One training step of whatever the program has made. */
  const train = async (model: tfTypes.LayersModel): Promise<void> => {
    const shapeOf = (shape: readonly (number | null)[]): number[] => [4, ...shape.slice(1).map((size) => size ?? 5)];
    const inputs = tf.randomNormal(shapeOf(model.inputs[0]!.shape));
    const outputs = model.predict(inputs) as tfTypes.Tensor;
    model.compile({ optimizer: tf.train.sgd(0.01), loss: 'meanSquaredError' });
    const { history } = await model.fit(inputs, tf.zeros(outputs.shape), { epochs: 1 });
    assert.ok(Number.isFinite(history.loss![0]), 'the loss is not finite');
  };

  for (const { code, name, title, after, whole } of examples)
    it(`${code} ${name}: ${title}`, async () => {
      const execution = executions[code]?.[name];
      assert.ok(execution, 'nothing says what must hold');
      try {
        const made = await execute(after, execution);
        if (whole) execution.check(made, tf);
        if ((made as Partial<Made>).model) await train(made.model);
      } catch (error) {
        throw new Error(`${error instanceof Error ? error.message : String(error)}\n${after}`, { cause: error });
      }
    });

  for (const { code } of rules.filter(({ frameworks }) => frameworks.includes('tensorflow')))
    it(`${code} is executed after its fixes, or offers none`, () => {
      assert.equal(
        examples.every((each) => each.code !== code),
        withoutFix.includes(code),
      );
    });
});
