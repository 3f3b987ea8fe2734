import type { Symptom } from '../symptom';

/** Read from the graph by the trainer: the loss normalises its input once more, which flattens every gradient. */
export const softmaxBeforeLoss: Symptom = {
  id: 'softmax-before-loss',
  threshold: 1,
  reference: 'the definition of the loss',
  detect: ({ telemetry: { run }, t }) => {
    const { softmaxBeforeLoss: seen, settings } = run.header;
    if (!seen) return [];
    const op = seen.op.toLowerCase();
    return [
      {
        severity: 'error',
        layers: [seen.layer],
        value: 2,
        message: t(
          '{0} ends in a {1}, and the loss {2} applies one itself: the gradients are flattened twice. Give the loss the values before the {1}.',
          seen.layer || t('The model'),
          op,
          settings.loss,
        ),
      },
    ];
  },
};
