import type { Symptom } from '../symptom';

/** Read from the graph by the trainer: the loss normalises its input once more, which flattens every gradient. */
export const softmaxBeforeLoss: Symptom = {
  id: 'softmax-before-loss',
  threshold: 1,
  reference: 'the definition of the loss',
  detect: ({ telemetry: { run } }) => {
    const { softmaxBeforeLoss: seen, settings } = run.header;
    if (!seen) return [];
    const op = seen.op.toLowerCase();
    return [
      {
        severity: 'error',
        layers: [seen.layer],
        value: 2,
        message:
          `${seen.layer || 'The model'} ends in a ${op}, and the loss ${settings.loss} applies one itself: ` +
          `the gradients are flattened twice. Give the loss the values before the ${op}.`,
      },
    ];
  },
};
