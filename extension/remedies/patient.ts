/** The model that a remedy works on. */
import type { StateUpdate } from '../autodiff/mode';
import type { GraphBuilder } from '../onnx/builder';
import type { Graph } from '../onnx/graph';
import type { Tensor } from '../onnx/tensor';
import type { LossId, Mode } from '../protocol/experiment';

export interface Patient {
  /** Specialised and canonical: opset 18, every type known, forward only, Dropout and BatchNormalization as exported. */
  graph: Graph;
  g: GraphBuilder;
  /** Names of the initializers that are trained; remedies add to it and take from it. */
  parameters: Set<string>;
  /** Buffers that a step changes, which remedies add to. */
  updates: StateUpdate[];
  mode: Mode;
  /** What is computed of the model's output. */
  loss: LossId;
  /** Standard normal and uniform [0, 1) draws, from the experiment's seed. */
  random: { normal: () => number; uniform: () => number };
  /** What a remedy has to tell about what it did. */
  notes: string[];
  /** Values at one batch, at the model's present weights; for remedies that look at data. */
  evaluate(names: readonly string[]): Promise<Map<string, Tensor>>;
}
