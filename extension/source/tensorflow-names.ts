/** TensorFlow.js's vocabulary: what each layer and function does to a gradient. */
import type { Category } from './values';

const words = (text: string): string[] => text.trim().split(/\s+/);
const table = (entries: Partial<Record<Category, string>>): ReadonlyMap<string, Category> =>
  new Map(
    Object.entries(entries).flatMap(([category, names]) =>
      words(names).map((name) => [name, category as Category] as const),
    ),
  );

/** Functions of `tf.layers`. */
export const layerCategories = table({
  weights: 'dense conv1d conv2d conv3d conv2dTranspose conv3dTranspose separableConv2d depthwiseConv2d',
  recurrent: 'simpleRNN lstm gru rnn convLstm2d convLstm2dCell bidirectional',
  embedding: 'embedding',
  activation: 'reLU leakyReLU elu prelu thresholdedReLU',
  softmax: 'softmax',
  normalization: 'batchNormalization layerNormalization',
  pass: `dropout spatialDropout1d alphaDropout gaussianDropout gaussianNoise flatten reshape permute repeatVector
    maxPooling1d maxPooling2d maxPooling3d maxPool1d maxPool2d averagePooling1d averagePooling2d averagePooling3d
    avgPool1d avgPool2d globalAveragePooling1d globalAveragePooling2d globalMaxPooling1d globalMaxPooling2d
    globalMaxPool1d globalMaxPool2d zeroPadding2d upSampling2d cropping2D masking rescaling resizing`,
  merge: 'add average concatenate maximum minimum multiply dot',
});

/** Functions of `tf` and methods of tensors. */
export const functionCategories = table({
  activation: 'relu relu6 leakyRelu elu selu sigmoid tanh softplus prelu',
  softmax: 'softmax logSoftmax',
  normalization: 'batchNorm batchNorm2d batchNorm3d batchNorm4d localResponseNormalization',
  pass: `reshape flatten transpose expandDims squeeze mean sum slice gather as1D as2D as3D as4D asScalar toFloat cast
    maxPool avgPool pool pad clipByValue square sqrt exp log abs neg pow tile reverse dropout max min split unstack clone
    stridedSlice resizeBilinear resizeNearestNeighbor norm reciprocal`,
  merge: 'add sub mul div addN concat stack maximum minimum squaredDifference where dot',
  matmul: 'matMul conv1d conv2d conv3d depthwiseConv2d conv2dTranspose separableConv2d einsum',
  detach:
    'argMax argMin equal notEqual greater less greaterEqual lessEqual oneHot zerosLike onesLike round floor step sign',
  constant: `tensor tensor1d tensor2d tensor3d tensor4d tensor5d scalar zeros ones fill randomNormal randomUniform
    truncatedNormal linspace range eye`,
});

/** The activation names of layers' configurations, as PyTorch calls them. */
export const activationOfConfig: Readonly<Record<string, string>> = {
  relu: 'relu',
  relu6: 'relu6',
  elu: 'elu',
  selu: 'selu',
  gelu: 'gelu',
  gelu_new: 'gelu',
  swish: 'silu',
  mish: 'mish',
  sigmoid: 'sigmoid',
  hardSigmoid: 'hardsigmoid',
  tanh: 'tanh',
  softplus: 'softplus',
  softsign: 'softsign',
};

/** The learning rates of optimizers that `compile` is given by name. */
export const learningRatesByName: Readonly<Record<string, number>> = {
  sgd: 0.01,
  adam: 0.001,
  adamax: 0.002,
  adadelta: 1,
  adagrad: 0.01,
  rmsprop: 0.001,
};
