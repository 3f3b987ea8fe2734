/** From the file to the {@link Graph}: every tensor decoded, every node with its layer and source line. */
import { InputError } from '../protocol/errors';
import { checkGraph } from './check';
import type { Attribute, Graph, GraphPort, Node } from './graph';
import { inlineFunctions } from './inline';
import { externalReader, type ModelFile } from './model-file';
import {
  AttributeProto_AttributeType as AttributeType,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx_pb';
import { detachPowerIterations } from './power-iteration';
import { locateModules, metadataOf, moduleFinder, sourceOf } from './provenance';
import { dataTypeOf, decodeTensor } from './tensor-proto';
import type { Tensor, TensorType } from './tensor';

/** The versions of the standard operator set that the engine knows. */
export const oldestOpset = 7;
export const newestOpset = 23;

interface Context {
  path: string;
  opset: number;
  tensor: (proto: TensorProto, where: string) => Tensor;
  nodeNames: Set<string>;
}

/**
 * The graph of a model. Model-local functions are inlined; Constant nodes stay nodes (the optimizer of the runtime and
 * `specialise` fold them), so that every initializer is one of the file's own. Types are those of initializers and of
 * inputs whose sizes are all fixed.
 * @throws InputError for what is damaged, hostile, or outside what the engine reads
 */
export function importGraph(model: ModelFile): Graph {
  const readExternal = externalReader(model.path);
  const opset = opsetOf(model.proto, model.path);
  const proto = inlineFunctions(model.proto, model.path);
  const context: Context = {
    path: model.path,
    opset,
    tensor: (tensor, where) => decodeTensor(tensor, where, readExternal),
    nodeNames: new Set(),
  };
  const graph = toGraph(proto.graph!, context, undefined);
  checkGraph(graph, model.path);
  detachPowerIterations(graph);
  locateModules(graph, proto.metadataProps);
  return graph;
}

/** The version of the standard operator set that a model is written in. */
export function opsetOf({ opsetImport }: Pick<ModelProto, 'opsetImport'>, path: string): number {
  const version = opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version;
  if (version === undefined) throw new InputError(`${path}: the model does not say which operator set it uses.`);
  if (version < oldestOpset || version > newestOpset)
    throw new InputError(
      `${path}: operator set ${version} is not supported (${oldestOpset} to ${newestOpset} are): export with opset_version=20.`,
    );
  return Number(version);
}

/** @param parentLayer of a subgraph: the layer of the node that has it */
function toGraph(proto: GraphProto, context: Context, parentLayer: string | undefined): Graph {
  const { path } = context;
  if (proto.sparseInitializer.length > 0)
    throw new InputError(`${path}: sparse initializers are not supported: export dense weights.`);
  const initializers = new Map<string, Tensor>();
  for (const tensor of proto.initializer) {
    if (tensor.name === '' || initializers.has(tensor.name))
      throw new InputError(`${path}: two initializers have the name "${tensor.name}": the file is damaged.`);
    initializers.set(tensor.name, context.tensor(tensor, `${path}: initializer "${tensor.name}"`));
  }
  const moduleOf = moduleFinder(proto.node, new Set(initializers.keys()));
  // Old files list initializers among the inputs as well, as defaults.
  const inputs = proto.input.filter(({ name }) => !initializers.has(name)).map((input) => toPort(input, path));
  const types = new Map<string, TensorType>();
  for (const [name, { dtype, shape }] of initializers) types.set(name, { dtype, shape });
  for (const { name, dtype, shape } of inputs)
    if (shape?.every((length) => typeof length === 'number')) types.set(name, { dtype, shape });
  return {
    name: proto.name,
    opset: context.opset,
    inputs,
    outputs: proto.output.map((output) => toPort(output, path)),
    nodes: proto.node.map((node, i) => toNode(node, i, moduleOf(node) ?? parentLayer ?? '', context)),
    initializers,
    types,
    marks: marksOf(proto),
  };
}

/** What `torch.export` says of each weight, at the value or at the tensor. */
function marksOf(proto: GraphProto): Graph['marks'] {
  const marks: Graph['marks'] = new Map();
  for (const { name, metadataProps } of [...proto.valueInfo, ...proto.input, ...proto.initializer]) {
    const kind = metadataOf(metadataProps, 'pkg.torch.export.graph_signature.InputSpec.kind');
    if (kind === 'PARAMETER') marks.set(name, 'parameter');
    else if (kind === 'BUFFER' || kind === 'CONSTANT_TENSOR') marks.set(name, 'buffer');
  }
  return marks;
}

function toPort({ name, type }: ValueInfoProto, path: string): GraphPort {
  const where = `${path}: "${name}"`;
  if (type?.value.case !== 'tensorType')
    throw new InputError(`${where} is no tensor (${type?.value.case ?? 'it has no type'}), which is not supported.`);
  const { elemType, shape } = type.value.value;
  return {
    name,
    dtype: dataTypeOf(elemType, where),
    shape: shape?.dim.map(({ value }, axis) => {
      if (value.case === 'dimValue' && value.value >= 0n) return safeNumber(value.value, where);
      return value.case === 'dimParam' && value.value ? value.value : `${name}.${axis}`;
    }),
  };
}

function toNode(proto: NodeProto, index: number, layer: string, context: Context): Node {
  if (proto.opType === '') throw new InputError(`${context.path}: node ${index} has no operator: the file is damaged.`);
  const node: Node = {
    name: uniqueName(proto.name || `${proto.opType}_${index}`, context.nodeNames),
    opType: proto.opType,
    domain: proto.domain === 'ai.onnx' ? '' : proto.domain,
    inputs: [...proto.input],
    outputs: [...proto.output],
    attributes: {},
    layer,
    source: sourceOf(proto),
  };
  for (const attribute of proto.attribute)
    node.attributes[attribute.name] = toAttribute(attribute, `${context.path}: node "${node.name}"`, layer, context);
  return node;
}

function toAttribute(proto: AttributeProto, nodeName: string, layer: string, context: Context): Attribute {
  const where = `${nodeName}: attribute "${proto.name}"`;
  if (proto.refAttrName) throw new InputError(`${where} refers to an attribute of a function, outside of one.`);
  switch (proto.type === AttributeType.UNDEFINED ? impliedType(proto) : proto.type) {
    case AttributeType.FLOAT:
      return { type: 'float', value: proto.f };
    case AttributeType.INT:
      return { type: 'int', value: Number(proto.i) };
    case AttributeType.STRING:
      return { type: 'string', value: text(proto.s) };
    case AttributeType.FLOATS:
      return { type: 'floats', value: proto.floats };
    case AttributeType.INTS:
      return { type: 'ints', value: proto.ints.map(Number) };
    case AttributeType.STRINGS:
      return { type: 'strings', value: proto.strings.map(text) };
    case AttributeType.TENSOR:
      if (proto.t) return { type: 'tensor', value: context.tensor(proto.t, where) };
      break;
    case AttributeType.GRAPH:
      if (proto.g) return { type: 'graph', value: toGraph(proto.g, context, layer) };
      break;
  }
  throw new InputError(
    `${where} is of type ${AttributeType[proto.type]}, which Gradient Doctor does not read, or is damaged.`,
  );
}

/** The first versions of the format stored no type. */
function impliedType({ t, g, floats, ints, strings }: AttributeProto): AttributeType {
  if (t) return AttributeType.TENSOR;
  if (g) return AttributeType.GRAPH;
  if (floats.length > 0) return AttributeType.FLOATS;
  if (ints.length > 0) return AttributeType.INTS;
  return strings.length > 0 ? AttributeType.STRINGS : AttributeType.UNDEFINED;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function safeNumber(value: bigint, where: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new InputError(`${where} has an impossible size: ${value}.`);
  return Number(value);
}

function uniqueName(stem: string, taken: Set<string>): string {
  let name = stem;
  for (let i = 1; taken.has(name); i++) name = `${stem}_${i}`;
  taken.add(name);
  return name;
}
