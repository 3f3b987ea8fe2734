/** Half precision is computed in float32: the runtime's CPU kernels for it are few, and gradients underflow in it. */
import { dataTypeCodes, type DataType, type Tensor } from '../onnx/tensor';
import type { Attribute, Graph, Node } from '../onnx/graph';

const half = new Set<DataType>(['float16', 'bfloat16']);
const halfCodes = new Set<number>([dataTypeCodes.float16, dataTypeCodes.bfloat16]);

/** Attributes that hold an element type. */
const typeAttributes = new Set(['to', 'dtype', 'output_dtype', 'stash_type', 'softmax_precision']);

/**
 * The graph with float16 and bfloat16 replaced by float32 throughout, and a note for the reader where there were any.
 */
export function computeInFloat32(graph: Graph): { graph: Graph; note?: string } {
  const found = new Set<DataType>();
  const widened = widenGraph(graph, found);
  if (found.size === 0) return { graph };
  return { graph: widened, note: `${[...found].sort().join(' and ')} computed in float32` };
}

function widenGraph(graph: Graph, found: Set<DataType>): Graph {
  const widen = <T extends { dtype: DataType }>(port: T): T => {
    if (!half.has(port.dtype)) return port;
    found.add(port.dtype);
    return { ...port, dtype: 'float32' };
  };
  return {
    ...graph,
    inputs: graph.inputs.map(widen),
    outputs: graph.outputs.map(widen),
    nodes: graph.nodes.map((node) => widenNode(node, found)),
    initializers: new Map([...graph.initializers].map(([name, value]) => [name, widenTensor(value, found)])),
    types: new Map([...graph.types].map(([name, type]) => [name, widen(type)])),
  };
}

function widenNode(node: Node, found: Set<DataType>): Node {
  const attributes = Object.entries(node.attributes).map(([name, attribute]): [string, Attribute] => {
    if (attribute.type === 'tensor') return [name, { type: 'tensor', value: widenTensor(attribute.value, found) }];
    if (attribute.type === 'graph') return [name, { type: 'graph', value: widenGraph(attribute.value, found) }];
    if (attribute.type === 'int' && typeAttributes.has(name) && halfCodes.has(attribute.value)) {
      found.add(attribute.value === dataTypeCodes.float16 ? 'float16' : 'bfloat16');
      return [name, { type: 'int', value: dataTypeCodes.float32 }];
    }
    return [name, attribute];
  });
  return { ...node, attributes: Object.fromEntries(attributes) };
}

function widenTensor(value: Tensor, found: Set<DataType>): Tensor {
  if (!half.has(value.dtype)) return value;
  found.add(value.dtype);
  const convert = value.dtype === 'float16' ? fromFloat16 : fromBfloat16;
  return { dtype: 'float32', shape: value.shape, data: Float32Array.from(value.data as Uint16Array, convert) };
}

/** The number that the bits of an IEEE 754 binary16 stand for. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

/** A bfloat16 is the upper half of a float32. */
export function fromBfloat16(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
