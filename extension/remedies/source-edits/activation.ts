/** Another nonlinearity where the hidden ones are. */
import { activationFix, activations, type ActivationId } from '../../source/edits/activation';
import type { Op } from '../../source/values';
import { DoesNotFit } from '../remedy';
import type { Code } from './code';
import { groupBy, sameSite } from './code';
import type { SourceEditor } from './editors';
import { initializeWeights } from './initialization';
import { swapInTensorFlow } from './tensorflow-activation';
import { hiddenActivations, isActivation, isHiddenActivation } from './network';

export const activationEditor = (id: ActivationId): SourceEditor => ({
  stage: 'activation',
  edit(code, parameters) {
    const { module } = activations[id];
    const hidden = hiddenActivations(code);
    const swapped = hidden.filter((op) => !isActivation(op, id));
    if (swapped.length === 0)
      throw new DoesNotFit(
        hidden.length > 0 ? `The hidden activations are ${module} already.` : 'There is no hidden activation here.',
      );
    for (const op of swapped) refuseShared(code, op);
    if (code.framework === 'tensorflow') {
      swapInTensorFlow(code, swapped, id, parameters);
      return `Use ${module} as the activation`;
    }
    for (const [file, ops] of groupBy(swapped, (op) => (op.layer ?? op).site.file)) {
      const edits = activationFix(file, ops, id, parameters);
      if (!edits) throw new DoesNotFit(`An activation is written in a way that cannot be replaced by ${module}.`);
      code.take(file, edits);
    }
    // Self-normalizing units hold only with LeCun normal weights.
    if (id === 'selu')
      code.everywhere(() => {
        initializeWeights(code, 'kaiming-normal', () => 'linear');
      });
    return `Use ${module} as the activation`;
  },
});

/** One object or call that is an output's activation as well must stay. */
const refuseShared = (code: Code, op: Op): void => {
  const elsewhere = code.trace.ops.some(
    (other) =>
      other !== op &&
      other.category === 'activation' &&
      sameSite(op.layer?.site ?? op.site, other.layer?.site ?? other.site) &&
      !isHiddenActivation(code, other),
  );
  if (elsewhere) throw new DoesNotFit('The same activation also shapes an output or a gate, which must stay as it is.');
};
