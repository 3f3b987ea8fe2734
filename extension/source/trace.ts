/** What the analysis of a file leaves behind: tensors computed, weights initialized, steps of training loops, in order. */
import type { ParsedSource } from './parse';
import type { Block, FunctionNode } from './syntax';
import type { Span } from './text';
import type {
  Call,
  ClassValue,
  Container,
  Instance,
  Layer,
  LibraryObject,
  Op,
  ParameterValue,
  Site,
  Value,
} from './values';

/** One entry into a loop; what happens in its body happens again and again. */
export interface LoopContext {
  id: number;
  site: Site;
  body: Block;
  /** What it runs over. */
  values?: Value;
}

/** One arm of a condition that can go either way. */
export interface Arm {
  condition: number;
  arm: number;
  site: Site;
}

export interface Frame {
  id: number;
  node: FunctionNode | undefined;
  file: ParsedSource;
  self?: Instance;
}

export type EventKind =
  | 'zero-grad'
  | 'backward'
  | 'unscale'
  | 'clip'
  | 'optimizer-step'
  | 'scaler-update'
  | 'scheduler-step'
  /** Something steps, and it is not known what. */
  | 'unknown-step'
  /** A function that is not known gets something of the training. */
  | 'unknown-call'
  /** Gradients are read or written by hand. */
  | 'gradient-access'
  | 'compile'
  | 'fit'
  | 'trainer'
  | 'broken';

export interface Event {
  order: number;
  kind: EventKind;
  site: Site;
  call?: Call;
  /** Whose event it is: the optimizer that steps, the value that is differentiated. */
  target?: Value;
  /** What the target is given: the optimizer of `scaler.step(optimizer)`. */
  argument?: Value;
  /** `scaler.scale(loss).backward()`, `scaler.step(optimizer)`. */
  scaled?: boolean;
  loops: readonly LoopContext[];
  arms: readonly Arm[];
  frames: readonly Frame[];
  /** Inside `torch.no_grad()`. */
  withoutGradient: boolean;
}

/** A weight set by hand. */
export interface Initialization {
  order: number;
  parameter: ParameterValue;
  /** `xavier_uniform_`, `normal_`, `heNormal`. */
  scheme: string;
  call?: Call;
  site: Site;
  arms: readonly Arm[];
}

/** A module called in the program, from outside of it or from another module's forward. */
export interface ModuleCall {
  module: Layer | Container | Instance;
  call: Call;
  site: Site;
}

export interface Trace {
  readonly file: ParsedSource;
  readonly ops: Op[];
  readonly events: Event[];
  readonly initializations: Initialization[];
  readonly layers: Layer[];
  readonly containers: Container[];
  readonly instances: Instance[];
  readonly objects: LibraryObject[];
  readonly classes: ClassValue[];
  /** Assignments to attributes of modules: `self.layers = […]`. */
  readonly attributes: { instance: Instance; name: string; value: Value; site: Site; valueSpan: Span }[];
  readonly calls: ModuleCall[];
  /** The analysis gave up part of the way: nothing follows from what is not there. */
  exhausted: boolean;
}

export const emptyTrace = (file: ParsedSource): Trace => ({
  file,
  ops: [],
  events: [],
  initializations: [],
  layers: [],
  containers: [],
  instances: [],
  objects: [],
  classes: [],
  attributes: [],
  calls: [],
  exhausted: false,
});

/** Whether two events can happen in one and the same pass: not in different arms of one condition. */
export const compatible = (a: Pick<Event, 'arms'>, b: Pick<Event, 'arms'>): boolean =>
  !a.arms.some((one) => b.arms.some((other) => one.condition === other.condition && one.arm !== other.arm));
