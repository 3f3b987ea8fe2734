import type * as tfTypes from '@tensorflow/tfjs';

/** TensorFlow.js on its slow but dependable backend, without the words it has for Node when it first computes. */
export async function loadTensorFlow(): Promise<typeof tfTypes> {
  const { warn } = console;
  console.warn = () => undefined;
  const tf = await import('@tensorflow/tfjs');
  await tf.setBackend('cpu');
  tf.tidy(() => tf.ones([1]).square().dataSync());
  console.warn = warn;
  return tf;
}
