import { int64, signed, uniform, type GradientCase } from './case';
import { float } from '../../../../../extension/onnx/builder';
import { tensor } from '../../../../../extension/onnx/tensor';

const floats = (...numbers: number[]) => tensor('float32', [numbers.length], numbers);

const scaled = (
  shape: number[],
  scales: number[],
  attributes: GradientCase['attributes'],
  roi?: number[],
): GradientCase => ({
  op: 'Resize',
  about: `${scales.join('×')} ${Object.values(attributes ?? {})
    .filter((value) => typeof value === 'string')
    .join(' ')}`,
  inputs: [signed(...shape), roi && floats(...roi), floats(...scales)],
  attributes,
});

const coordinateModes = ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric', 'half_pixel_symmetric'];

const grids = ['zeros', 'border', 'reflection'].flatMap((padding) =>
  ['bilinear', 'nearest', 'bicubic'].flatMap((mode) =>
    [0, 1].map((align): GradientCase => ({
      op: 'GridSample',
      about: `${mode}, ${padding}, align_corners ${align}`,
      inputs: [signed(2, 2, 3, 4), uniform(-1.4, 1.4, 2, 2, 3, 2)],
      attributes: { mode, padding_mode: padding, align_corners: align },
      step: 1e-3,
    })),
  ),
);

export const samplingCases: GradientCase[] = [
  ...coordinateModes.flatMap((coordinates) =>
    (['nearest', 'linear', 'cubic'] as const).flatMap((mode) => {
      const attributes = { mode, coordinate_transformation_mode: coordinates };
      return [
        scaled([1, 2, 3, 4], [1, 1, 2, 2], attributes),
        scaled([1, 1, 5, 6], [1, 1, 0.6, 0.5], attributes),
        scaled([1, 1, 4, 3], [1, 1, 1.3, 2.5], attributes),
      ];
    }),
  ),
  ...['floor', 'ceil', 'round_prefer_ceil', 'round_prefer_floor'].map((nearest) =>
    scaled([1, 1, 4, 5], [1, 1, 1.5, 0.6], { mode: 'nearest', nearest_mode: nearest }),
  ),
  scaled([1, 2, 3, 2], [1, 1, 2, 3], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  }),
  scaled([1, 2, 5], [1, 1, 2], { mode: 'linear' }),
  scaled([1, 1, 2, 3, 2], [1, 1, 2, 2, 2], { mode: 'linear' }),
  scaled([1, 1, 4, 4], [1, 1, 2, 1.5], { mode: 'cubic', cubic_coeff_a: float(-0.5), exclude_outside: 1 }),
  scaled([1, 1, 6, 8], [1, 1, 0.5, 0.4], { mode: 'linear', antialias: 1 }),
  scaled([1, 1, 6, 8], [1, 1, 0.5, 0.4], { mode: 'cubic', antialias: 1, exclude_outside: 1 }),
  scaled(
    [1, 1, 4, 4],
    [1, 1, 0.75, 1.5],
    { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize' },
    [0, 0, 0.2, -0.25, 1, 1, 0.9, 1.2],
  ),
  {
    op: 'Resize',
    about: 'sizes',
    inputs: [signed(1, 1, 3, 4), undefined, undefined, int64(1, 1, 5, 2)],
    attributes: { mode: 'linear' },
  },
  {
    op: 'Resize',
    about: 'axes',
    inputs: [signed(1, 1, 3, 4), undefined, undefined, int64(7, 6)],
    attributes: { mode: 'cubic', axes: [3, 2] },
  },
  {
    op: 'Resize',
    about: 'keeps the aspect ratio',
    inputs: [signed(1, 1, 2, 4), undefined, undefined, int64(7, 6)],
    attributes: { mode: 'linear', axes: [2, 3], keep_aspect_ratio_policy: 'not_larger' },
  },
  ...grids.map((example) => (example.attributes!.mode === 'nearest' ? { ...example, constant: [1] } : example)),
];
