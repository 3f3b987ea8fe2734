/** Model-local functions, which an ONNX file may define beside its graph, replaced by their nodes. */
import { clone, create } from '@bufbuild/protobuf';
import { InputError } from '../protocol/errors';
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from './onnx_pb';

/** Functions that call functions that call functions can grow a small file into an endless graph. */
const mostNodes = 200_000;

interface Inliner {
  path: string;
  functions: ReadonlyMap<string, FunctionProto>;
  /** The functions being inlined, outermost first. */
  stack: readonly string[];
  made: { nodes: number };
}

/**
 * The model with every call of a model-local function replaced by the nodes of the function, nested ones too. Nodes
 * take the name of the call as a prefix, and the call's metadata where they have none.
 * @throws InputError for functions that call themselves, or are written in another operator set than the model
 */
export function inlineFunctions(model: ModelProto, path: string): ModelProto {
  if (model.functions.length === 0 || !model.graph) return model;
  const functions = new Map(model.functions.map((definition) => [keyOf(definition, definition.name), definition]));
  for (const definition of model.functions) checkOpset(definition, model, path);
  const inliner: Inliner = { path, functions, stack: [], made: { nodes: 0 } };
  return create(ModelProtoSchema, { ...model, functions: [], graph: inlineGraph(model.graph, inliner) });
}

const keyOf = ({ domain, overload }: { domain: string; overload: string }, name: string): string =>
  [domain, name, overload].join('|');

function checkOpset(definition: FunctionProto, model: ModelProto, path: string): void {
  const version = ({ opsetImport }: Pick<ModelProto, 'opsetImport'>): bigint | undefined =>
    opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version;
  const own = version(definition);
  if (own !== undefined && own !== version(model))
    throw new InputError(
      `${path}: the function "${definition.name}" is written in operator set ${own}, the model in ${version(model)}: inline it with onnx.inliner first.`,
    );
}

const inlineGraph = (graph: GraphProto, inliner: Inliner): GraphProto =>
  create(GraphProtoSchema, { ...graph, node: graph.node.flatMap((node, i) => inlineNode(node, i, inliner)) });

function inlineNode(node: NodeProto, index: number, inliner: Inliner): NodeProto[] {
  if (++inliner.made.nodes > mostNodes)
    throw new InputError(`${inliner.path}: its functions unfold to more than ${mostNodes} nodes.`);
  const key = keyOf(node, node.opType);
  const definition = inliner.functions.get(key);
  if (!definition) {
    const attribute = node.attribute.map((item) =>
      item.g ? create(AttributeProtoSchema, { ...item, g: inlineGraph(item.g, inliner) }) : item,
    );
    return [create(NodeProtoSchema, { ...node, attribute })];
  }
  if (inliner.stack.includes(key))
    throw new InputError(`${inliner.path}: the function "${definition.name}" calls itself.`);
  if (node.input.length > definition.input.length || node.output.length > definition.output.length)
    throw new InputError(`${inliner.path}: node "${node.name}" gives "${definition.name}" more than it takes.`);
  const nested = { ...inliner, stack: [...inliner.stack, key] };
  const prefix = node.name || `${definition.name}_${index}_${inliner.made.nodes}`;
  return bodyOf(definition, node, prefix).flatMap((inner, i) => inlineNode(inner, i, nested));
}

/** The nodes of a function as one call of it wants them: its values and attributes in place of the formal ones. */
function bodyOf(definition: FunctionProto, call: NodeProto, prefix: string): NodeProto[] {
  const names = new Map(definition.input.map((formal, i) => [formal, call.input[i] ?? '']));
  const passed: NodeProto[] = [];
  definition.output.forEach((formal, i) => {
    const actual = call.output[i] ?? '';
    if (actual === '') return;
    const already = names.get(formal);
    // An output that is an input, or is listed twice.
    if (already !== undefined)
      passed.push(create(NodeProtoSchema, { opType: 'Identity', input: [already], output: [actual], name: prefix }));
    else names.set(formal, actual);
  });
  const given = new Map([...definition.attributeProto, ...call.attribute].map((item) => [item.name, item]));
  const substitution: Substitution = {
    rename: (name) => (name === '' ? '' : (names.get(name) ?? `${prefix}/${name}`)),
    nodeName: (name) => `${prefix}/${name}`,
    attribute: (name) => given.get(name),
    metadataProps: call.metadataProps,
  };
  return [...definition.node.map((node) => substituted(node, substitution)), ...passed];
}

interface Substitution {
  rename: (value: string) => string;
  nodeName: (name: string) => string;
  /** What the call gives for an attribute of the function, or the function's default. */
  attribute: (name: string) => AttributeProto | undefined;
  metadataProps: NodeProto['metadataProps'];
}

function substituted(node: NodeProto, substitution: Substitution): NodeProto {
  const copy = clone(NodeProtoSchema, node);
  copy.name = substitution.nodeName(node.name || node.opType);
  copy.input = node.input.map(substitution.rename);
  copy.output = node.output.map(substitution.rename);
  copy.attribute = copy.attribute.flatMap((attribute) => substitutedAttribute(attribute, substitution));
  if (copy.metadataProps.length === 0) copy.metadataProps = substitution.metadataProps;
  return copy;
}

/** An attribute that the call leaves out, and that has no default, is left out of the node as well. */
function substitutedAttribute(attribute: AttributeProto, substitution: Substitution): AttributeProto[] {
  if (attribute.refAttrName) {
    const given = substitution.attribute(attribute.refAttrName);
    return given ? [create(AttributeProtoSchema, { ...given, name: attribute.name })] : [];
  }
  const graph = attribute.g;
  if (graph) {
    graph.node = graph.node.map((node) => substituted(node, substitution));
    for (const item of [...graph.input, ...graph.output, ...graph.valueInfo, ...graph.initializer])
      item.name = substitution.rename(item.name);
  }
  return [attribute];
}
