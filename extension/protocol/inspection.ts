import type { LayerInfo } from './run';

/** What `inspect` tells about a model, without running it. */
export interface Inspection {
  model: string;
  producer: string;
  opset: number;
  inputs: readonly PortInfo[];
  outputs: readonly PortInfo[];
  layers: readonly LayerInfo[];
  parameters: readonly InspectedParameter[];
  unsupported: readonly UnsupportedOperator[];
}

export interface PortInfo {
  name: string;
  dtype: string;
  /** Sizes; a string names a size that the model leaves open. */
  shape: readonly (number | string)[];
}

export interface InspectedParameter {
  name: string;
  shape: readonly number[];
  dtype: string;
  trainable: boolean;
  /** Why it is a parameter, or why not. */
  why: string;
  mean: number;
  std: number;
}

export interface UnsupportedOperator {
  op: string;
  node: string;
  layer: string;
}
