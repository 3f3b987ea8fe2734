/** Elman, Finding Structure in Time (1990): h' = f(W·x + R·h + b). */
import { weightGradient, type Cell } from './cell';

export const rnnCell = (activation: 'Tanh' | 'Relu'): Cell => ({
  gates: 1,
  states: 1,
  separateBias: false,
  step(b, input, [h], { recurrent }) {
    return { states: [b.unary(activation, b.gemm(h!, recurrent, { transB: true, c: input }))], saved: [] };
  },
  backward(g, _saved, [previous], [next], { recurrent }) {
    const h = next!;
    const slope = activation === 'Tanh' ? g.sub(1, g.mul(h, h)) : g.cast(g.greater(h, 0), h.dtype);
    return {
      factors: [slope],
      step: (b, [dh], [factor]) => ({ previous: [b.gemm(b.mul(dh!, factor!), recurrent)], stacked: [] }),
      finish([dh]) {
        const input = g.mul(dh!, slope);
        return { input, recurrent: weightGradient(g, input, previous!) };
      },
    };
  },
});
