/** Cho et al., Learning Phrase Representations using RNN Encoder-Decoder (2014). Gates z, r, h. */
import type { GraphBuilder, Value } from '../../onnx/builder';
import { weightGradient, type Cell } from './cell';

/** h' = (1 - z)·n + z·h, with one operation less. */
const blend = (b: GraphBuilder, z: Value, n: Value, h: Value): Value => b.add(n, b.mul(z, b.sub(h, n)));

const slopeOfSigmoid = (g: GraphBuilder, y: Value): Value => g.mul(y, g.sub(1, y));

/** (1 - z)·(1 - n²): from ∂L/∂h' to ∂L/∂ of the candidate before its activation. */
const candidateFactor = (g: GraphBuilder, z: Value, n: Value): Value => g.mul(g.sub(1, z), g.sub(1, g.mul(n, n)));

/** As PyTorch has it (`linear_before_reset`): n = tanh(W·x + r·(R·h + b)). One product a step. */
export const gruCell: Cell = {
  gates: 3,
  states: 1,
  separateBias: true,
  step(b, input, [h], { recurrent, bias, hidden }) {
    const fromState = b.gemm(h!, recurrent, { transB: true, c: bias });
    const [gatesOfState, linear] = b.split(fromState, [2 * hidden, hidden], 1);
    const [gatesOfInput, candidate] = b.split(input, [2 * hidden, hidden], 1);
    const gates = b.unary('Sigmoid', b.add(gatesOfState!, gatesOfInput!));
    const [z, r] = b.split(gates, [hidden, hidden], 1);
    const n = b.unary('Tanh', b.add(candidate!, b.mul(r!, linear!)));
    return { states: [blend(b, z!, n, h!)], saved: [gates, n, linear!] };
  },
  backward(g, saved, [previous], _next, { recurrent, bias, hidden }) {
    const [gates, n, linear] = saved as [Value, Value, Value];
    const [z, r] = g.split(gates, [hidden, hidden], 2) as [Value, Value];
    const toCandidate = candidateFactor(g, z, n);
    const toUpdate = g.mul(g.sub(previous!, n), slopeOfSigmoid(g, z));
    const toReset = g.mul(g.mul(toCandidate, linear), slopeOfSigmoid(g, r));
    const factors = g.concat([toUpdate, toReset, g.mul(toCandidate, r)], 2);
    return {
      factors: [factors, z],
      step(b, [dh], [factor, update]) {
        const all = b.mul(b.concat([dh!, dh!, dh!], 1), factor!);
        return { previous: [b.gemm(all, recurrent, { c: b.mul(dh!, update!) })], stacked: [all] };
      },
      finish([dh], [all]) {
        const gatesOnly = g.slice(all!, 2, 0, 2 * hidden);
        return {
          input: g.concat([gatesOnly, g.mul(dh!, toCandidate)], 2),
          recurrent: weightGradient(g, all!, previous!),
          bias: bias && g.sum(all!, [0, 1]),
        };
      },
    };
  },
};

/** ONNX's default, TensorFlow's `reset_after=False`: n = tanh(W·x + R·(r·h) + b). Two products a step. */
export const resetFirstGruCell: Cell = {
  gates: 3,
  states: 1,
  separateBias: false,
  step(b, input, [h], { recurrent, hidden }) {
    const [gateWeights, candidateWeights] = b.split(recurrent, [2 * hidden, hidden], 0);
    const [gatesOfInput, candidate] = b.split(input, [2 * hidden, hidden], 1);
    const gates = b.unary('Sigmoid', b.gemm(h!, gateWeights!, { transB: true, c: gatesOfInput }));
    const [z, r] = b.split(gates, [hidden, hidden], 1);
    const n = b.unary('Tanh', b.gemm(b.mul(r!, h!), candidateWeights!, { transB: true, c: candidate }));
    return { states: [blend(b, z!, n, h!)], saved: [gates, n] };
  },
  backward(g, saved, [previous], _next, { recurrent, hidden }) {
    const [gates, n] = saved as [Value, Value];
    const [z, r] = g.split(gates, [hidden, hidden], 2) as [Value, Value];
    const [gateWeights, candidateWeights] = g.split(recurrent, [2 * hidden, hidden], 0);
    const toCandidate = candidateFactor(g, z, n);
    const toUpdate = g.mul(g.sub(previous!, n), slopeOfSigmoid(g, z));
    const toReset = g.mul(previous!, slopeOfSigmoid(g, r));
    return {
      factors: [toCandidate, toUpdate, toReset, z, r],
      step(b, [dh], [candidateSlope, updateSlope, resetSlope, update, reset]) {
        const candidate = b.mul(dh!, candidateSlope!);
        const kept = b.gemm(candidate, candidateWeights!);
        const both = b.concat([b.mul(dh!, updateSlope!), b.mul(kept, resetSlope!)], 1);
        const direct = b.add(b.mul(dh!, update!), b.mul(kept, reset!));
        return { previous: [b.gemm(both, gateWeights!, { c: direct })], stacked: [both, candidate] };
      },
      finish: (_next, [both, candidate]) => ({
        input: g.concat([both!, candidate!], 2),
        recurrent: g.concat(
          [weightGradient(g, both!, previous!), weightGradient(g, candidate!, g.mul(r, previous!))],
          0,
        ),
      }),
    };
  },
};
