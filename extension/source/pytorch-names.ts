/** PyTorch's vocabulary: what each layer, function and tensor method does to a gradient. */
import type { Category } from './values';

const words = (text: string): string[] => text.trim().split(/\s+/);
const table = (entries: Partial<Record<Category, string>>): ReadonlyMap<string, Category> =>
  new Map(
    Object.entries(entries).flatMap(([category, names]) =>
      words(names).map((name) => [name, category as Category] as const),
    ),
  );

/** Classes of `torch.nn`. */
export const layerCategories = table({
  weights: `Linear LazyLinear Bilinear Conv1d Conv2d Conv3d LazyConv1d LazyConv2d LazyConv3d
    ConvTranspose1d ConvTranspose2d ConvTranspose3d`,
  recurrent: 'RNN LSTM GRU RNNCell LSTMCell GRUCell',
  attention: `MultiheadAttention Transformer TransformerEncoder TransformerDecoder TransformerEncoderLayer
    TransformerDecoderLayer`,
  embedding: 'Embedding EmbeddingBag',
  activation: `ReLU ReLU6 LeakyReLU PReLU RReLU ELU CELU SELU GELU SiLU Mish Softplus Softsign Sigmoid Tanh
    Hardswish Hardsigmoid Hardtanh LogSigmoid Hardshrink Softshrink Tanhshrink Threshold GLU`,
  softmax: 'Softmax Softmax2d LogSoftmax Softmin',
  normalization: `BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d
    LayerNorm GroupNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d RMSNorm LocalResponseNorm`,
  pass: `Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout Flatten Unflatten Identity
    MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d
    AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d MaxUnpool2d Upsample UpsamplingNearest2d UpsamplingBilinear2d
    PixelShuffle PixelUnshuffle ZeroPad1d ZeroPad2d ConstantPad1d ConstantPad2d ReflectionPad1d ReflectionPad2d
    ReplicationPad2d Fold Unfold ChannelShuffle`,
  loss: `CrossEntropyLoss NLLLoss NLLLoss2d BCELoss BCEWithLogitsLoss MSELoss L1Loss SmoothL1Loss HuberLoss KLDivLoss
    CTCLoss PoissonNLLLoss GaussianNLLLoss CosineEmbeddingLoss MarginRankingLoss TripletMarginLoss MultiMarginLoss
    MultiLabelMarginLoss MultiLabelSoftMarginLoss SoftMarginLoss HingeEmbeddingLoss`,
});

/** Functions of `torch` and `torch.nn.functional`, and methods of tensors. */
export const functionCategories = table({
  activation: `relu relu_ relu6 leaky_relu leaky_relu_ prelu rrelu elu elu_ celu selu gelu silu mish softplus softsign
    sigmoid sigmoid_ tanh tanh_ hardswish hardsigmoid hardtanh logsigmoid glu expit`,
  softmax: 'softmax log_softmax softmin gumbel_softmax',
  normalization: 'batch_norm layer_norm group_norm instance_norm rms_norm local_response_norm normalize',
  weights: 'linear bilinear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d',
  embedding: 'embedding embedding_bag',
  attention: 'scaled_dot_product_attention multi_head_attention_forward',
  pass: `dropout dropout1d dropout2d dropout3d alpha_dropout max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d
    avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool2d interpolate upsample pad
    view reshape flatten permute transpose contiguous squeeze unsqueeze expand expand_as repeat repeat_interleave
    to cuda cpu float half double bfloat16 type type_as mean sum clone clamp clip t swapaxes swapdims movedim
    requires_grad_ unflatten view_as reshape_as roll flip masked_fill masked_fill_ narrow select index_select gather
    chunk split unbind pixel_shuffle unfold fold squeeze_ unsqueeze_ abs sqrt square pow exp log neg max min logsumexp
    norm std var sort topk tril triu retain_grad nan_to_num pin_memory`,
  merge: `cat concat concatenate stack hstack vstack dstack add add_ sub subtract mul mul_ multiply div divide addcmul
    lerp where maximum minimum cross dot`,
  matmul: 'matmul mm bmm einsum addmm baddbmm mv',
  loss: `cross_entropy nll_loss binary_cross_entropy binary_cross_entropy_with_logits mse_loss l1_loss smooth_l1_loss
    huber_loss kl_div ctc_loss poisson_nll_loss gaussian_nll_loss cosine_embedding_loss margin_ranking_loss
    triplet_margin_loss multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss soft_margin_loss
    hinge_embedding_loss`,
  detach: `detach argmax argmin argsort eq ne gt lt ge le bincount one_hot multinomial bernoulli round floor
    ceil sign item tolist numpy isnan isinf zeros_like ones_like rand_like randn_like full_like empty_like no_grad`,
  constant: `randn rand zeros ones tensor arange empty full randint eye linspace from_numpy as_tensor
    randperm normal FloatTensor LongTensor Tensor`,
});

export const lossOfClass: Readonly<Record<string, string>> = {
  CrossEntropyLoss: 'cross_entropy',
  NLLLoss: 'nll_loss',
  NLLLoss2d: 'nll_loss',
  BCELoss: 'binary_cross_entropy',
  BCEWithLogitsLoss: 'binary_cross_entropy_with_logits',
  MSELoss: 'mse_loss',
};

/** Activations under one name, whatever way they are written in: `nn.ReLU`, `F.relu`, `x.relu_()`. */
export const activationName = (name: string): string => {
  const plain = name.replace(/_$/, '').toLowerCase().replaceAll('_', '');
  return { expit: 'sigmoid', swish: 'silu' }[plain] ?? plain;
};

export const optimizerNames =
  words(`Adam AdamW SGD RMSprop Adagrad Adadelta Adamax NAdam RAdam ASGD LBFGS Rprop SparseAdam
  Adafactor Muon Optimizer`);

/** `torch.nn.modules.linear.Linear` → `torch.nn.Linear`, the name that users write. */
export const canonical = (path: string): string => {
  let name = canonicalNames.get(path);
  if (name === undefined) canonicalNames.set(path, (name = canonicalName(path)));
  return name;
};

/** The same few hundred names are asked for over and over. */
const canonicalNames = new Map<string, string>();

const canonicalName = (path: string): string =>
  path
    .replace(/^torch\.nn\.modules(\.[a-z_]+)?\./, 'torch.nn.')
    .replace(/^torch\.optim\.[a-z]+\.(?=[A-Z])/, (whole) => (whole.includes('lr_scheduler') ? whole : 'torch.optim.'))
    .replace(/^torch\.nn\.utils\.clip_grad\./, 'torch.nn.utils.')
    .replace(/^torch\.(cuda\.)?amp(\.[a-z_]+)?\.GradScaler$/, 'torch.amp.GradScaler')
    .replace(/^torch\.special\./, 'torch.')
    .replace(
      /^(pytorch_lightning|lightning|lightning\.pytorch|pl)(\.[a-z_.]+)?\.(LightningModule|Trainer)$/,
      'lightning.$3',
    );

/** The tensors that a layer trains: name and number of dimensions. */
export const parametersOf = (type: string): readonly (readonly [name: string, dimensions: number])[] => {
  if (/Linear$/.test(type))
    return [
      ['weight', 2],
      ['bias', 1],
    ];
  const convolution = /Conv(Transpose)?([123])d$/.exec(type);
  if (convolution)
    return [
      ['weight', Number(convolution[2]) + 2],
      ['bias', 1],
    ];
  if (/Norm/.test(type))
    return [
      ['weight', 1],
      ['bias', 1],
    ];
  if (/^Embedding/.test(type)) return [['weight', 2]];
  if (type === 'PReLU') return [['weight', 1]];
  if (/^(RNN|LSTM|GRU)Cell$/.test(type))
    return [
      ['weight_ih', 2],
      ['weight_hh', 2],
      ['bias_ih', 1],
      ['bias_hh', 1],
    ];
  if (/^(RNN|LSTM|GRU)$/.test(type))
    return [
      ['weight_ih_l0', 2],
      ['weight_hh_l0', 2],
      ['bias_ih_l0', 1],
      ['bias_hh_l0', 1],
    ];
  return [];
};
