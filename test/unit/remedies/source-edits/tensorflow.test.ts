/** Every edit of a remedy for TensorFlow.js, applied to programs that are then executed. */
import assert from 'node:assert/strict';
import type * as tfTypes from '@tensorflow/tfjs';
import { transformSync } from 'esbuild';
import { remedies } from '../../../../extension/remedies';
import { sourceEditors } from '../../../../extension/remedies/source-edits/editors';
import { loadTensorFlow } from '../../load-tensorflow';
import { edited, refusal, use } from './edit';
import { typeErrors } from './type-check';
import { programs, tensorFlowCases, type Made, type TensorFlowCase } from './tensorflow.cases';

/** What TensorFlow.js has no way to say. */
const inexpressible = ['weight-norm', 'spectral-norm'];

const pathOf = ({ types }: TensorFlowCase): string => (types ? '/example.ts' : '/example.js');

const idsOf = ({ uses }: TensorFlowCase): string[] => ('id' in uses ? [uses.id] : uses.map(({ id }) => id));

describe('source edits under TensorFlow.js', () => {
  let tf: typeof tfTypes;

  before(async function () {
    this.timeout(60_000);
    tf = await loadTensorFlow();
  });

  /** Executes a program from the top. */
  const execute = async (text: string, path: string): Promise<Made> => {
    const loader = path.endsWith('.ts') ? 'ts' : 'js';
    const { code } = transformSync(text.replace(/^import .*\n/m, ''), { loader, target: 'es2022' });
    const made = { rates: [] as number[], norms: [] as number[], largest: [] as number[] };
    const restore = [tf.SGDOptimizer.prototype, tf.AdamOptimizer.prototype].map((prototype: tfTypes.Optimizer) => {
      const apply = Object.getOwnPropertyDescriptor(prototype, 'applyGradients')!;
      const original = apply.value as tfTypes.Optimizer['applyGradients'];
      prototype.applyGradients = function (this: tfTypes.Optimizer & { learningRate: number }, gradients) {
        const tensors = Array.isArray(gradients) ? gradients.map(({ tensor }) => tensor) : Object.values(gradients);
        made.rates.push(this.learningRate);
        made.norms.push(Math.sqrt(tensors.reduce((sum, each) => sum + each.square().sum().dataSync()[0]!, 0)));
        made.largest.push(Math.max(...tensors.map((each) => each.abs().max().dataSync()[0]!)));
        original.call(this, gradients);
      };
      return () => {
        Object.defineProperty(prototype, 'applyGradients', apply);
      };
    });
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- executing the edited program is the test
    const run = new Function(
      'tf',
      `return (async () => { ${code}\nreturn typeof model === 'undefined' ? undefined : model; })();`,
    ) as (...given: unknown[]) => Promise<tfTypes.LayersModel>;
    try {
      const model = await run(tf);
      return { model, ...made };
    } finally {
      for (const each of restore) each();
    }
  };

  for (const each of tensorFlowCases)
    it(`${idsOf(each).join(' + ')}: ${each.name}`, async () => {
      const path = pathOf(each);
      const after = edited(each.program, each.uses, {}, path);
      for (const part of each.contains ?? []) assert.ok(after.includes(part), `no ${part} in\n${after}`);
      try {
        const made = await execute(after, path);
        each.check(made, tf);
      } catch (error) {
        throw new Error(`${error instanceof Error ? error.message : String(error)}\n${after}`, { cause: error });
      }
      if (each.again && 'id' in each.uses) assert.match(refusal(after, each.uses, {}, path), each.again);
    });

  it('leaves typed programs well typed', function () {
    this.timeout(60_000);
    const typed = tensorFlowCases.filter(({ types }) => types);
    assert.deepEqual(typeErrors(typed.map((each) => edited(each.program, each.uses, {}, pathOf(each)))), []);
  });

  for (const { id } of remedies)
    it(`${id} is executed, or refused because there is no way to say it`, () => {
      if (inexpressible.includes(id)) {
        assert.equal(sourceEditors[id]?.tensorflow, undefined);
        assert.match(refusal(programs.sequence, use(id), {}, '/example.js'), /no way to express/);
      } else assert.ok(tensorFlowCases.some((each) => idsOf(each).includes(id)));
    });
});
