/** Model-local functions, which ONNX files may define beside the graph, replaced by their nodes. */
import { InputError } from '../protocol/errors';
import type { ModelProto } from './onnx_pb';

/** @throws InputError for a function that calls itself */
export function inlineFunctions(model: ModelProto, path: string): ModelProto {
  const [first] = model.functions;
  if (first) throw new InputError(`${path}: the model-local function "${first.name}" is not supported yet.`);
  return model;
}
