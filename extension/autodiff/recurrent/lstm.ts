/** Hochreiter and Schmidhuber, Long Short-Term Memory (1997); forget gate of Gers et al. (2000). Gates i, o, f, c. */
import { weightGradient, type Cell } from './cell';

export const lstmCell: Cell = {
  gates: 4,
  states: 2,
  separateBias: false,
  step(b, input, [h, c], { recurrent, hidden }) {
    const all = b.gemm(h!, recurrent, { transB: true, c: input });
    const [gated, candidate] = b.split(all, [3 * hidden, hidden], 1);
    const gates = b.unary('Sigmoid', gated!);
    const content = b.unary('Tanh', candidate!);
    const [i, o, f] = b.split(gates, [hidden, hidden, hidden], 1);
    const cell = b.add(b.mul(f!, c!), b.mul(i!, content));
    const squashed = b.unary('Tanh', cell);
    return { states: [b.mul(o!, squashed), cell], saved: [gates, content, squashed] };
  },
  backward(g, saved, [hBefore, cBefore], _next, { recurrent, hidden }) {
    const [gates, content, squashed] = saved as [(typeof saved)[0], (typeof saved)[0], (typeof saved)[0]];
    const [i, o, f] = g.split(gates, [hidden, hidden, hidden], 2);
    const toCell = g.mul(o!, g.sub(1, g.mul(squashed, squashed)));
    // What ∂L/∂c, ∂L/∂h, ∂L/∂c, ∂L/∂c have to be multiplied by to be ∂L/∂ of the gates before their activations.
    const slopes = g.concat([g.mul(gates, g.sub(1, gates)), g.sub(1, g.mul(content, content))], 2);
    const factors = g.mul(g.concat([content, squashed, cBefore!, i!], 2), slopes);
    return {
      factors: [toCell, factors, f!],
      step(b, [dh, dc], [cellFactor, factor, forget]) {
        const cell = b.add(dc!, b.mul(dh!, cellFactor!));
        const all = b.mul(b.concat([cell, dh!, cell, cell], 1), factor!);
        return { previous: [b.gemm(all, recurrent), b.mul(cell, forget!)], stacked: [all] };
      },
      finish: (_next, [input]) => ({ input: input!, recurrent: weightGradient(g, input!, hBefore!) }),
    };
  },
};
