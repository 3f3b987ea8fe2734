/** Which operators of a training step may give other bits when the same run is made again on the same machine. */
import type { Graph, Node } from '../onnx/graph';
import type { UncertainOperator } from '../protocol/run';

interface Doubt {
  /** Operator types; undefined for all. */
  ops?: readonly string[];
  when?: (node: Node) => boolean;
  why: string;
}

const adds = ({ attributes }: Node): boolean => {
  const { reduction } = attributes;
  return reduction?.type === 'string' && reduction.value !== 'none';
};

const atomics = 'it adds at one place from many threads, in the order in which they come';

/** Measured on the CPU and on WebGPU; from the documentation of cuDNN for CUDA. */
const doubts: Readonly<Record<string, readonly Doubt[]>> = {
  cpu: [{ ops: ['ScatterND'], when: adds, why: 'its threads add to the same element at the same time' }],
  webgpu: [{ ops: ['ScatterND', 'ScatterElements'], when: adds, why: atomics }],
  cuda: [
    { ops: ['ScatterND', 'ScatterElements'], when: adds, why: atomics },
    { ops: ['Conv', 'ConvTranspose'], why: 'cuDNN chooses its algorithm by what was faster this time' },
  ],
};

const unmeasured: readonly Doubt[] = [{ why: 'nobody has measured whether this provider repeats itself' }];

/** @returns one entry per operator type, sorted; of a provider that nobody has measured, one for all: `*` */
export function uncertainOperators(graph: Graph, provider: string): UncertainOperator[] {
  const found = new Map<string, string>();
  for (const { ops, when, why } of doubts[provider] ?? unmeasured)
    if (!ops) found.set('*', why);
    else
      for (const node of allNodes(graph))
        if (ops.includes(node.opType) && (when?.(node) ?? true)) found.set(node.opType, why);
  return [...found].map(([op, why]) => ({ op, why })).sort((a, b) => (a.op < b.op ? -1 : 1));
}

/** With those of the bodies of Loop, Scan and If. */
function* allNodes(graph: Graph): Generator<Node> {
  for (const node of graph.nodes) {
    yield node;
    for (const attribute of Object.values(node.attributes))
      if (attribute.type === 'graph') yield* allNodes(attribute.value);
  }
}
