import { create, type MessageInitShape } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { importGraph } from '../../../extension/onnx/import';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
} from '../../../extension/onnx/onnx_pb';
import { InputError } from '../../../extension/protocol/errors';
import { int, metadata, modelOf, node, port } from './models';

type Functions = MessageInitShape<typeof FunctionProtoSchema>[];

const modelWith = (functions: Functions, nodes: ReturnType<typeof node>[]) =>
  modelOf(
    { input: [port('x', [2, 4])], output: [port('y', [2, 4])], node: nodes },
    {
      functions: functions.map((definition) =>
        create(FunctionProtoSchema, {
          domain: 'local',
          opsetImport: [{ domain: '', version: 20n }],
          ...definition,
        }),
      ),
    },
  );

const call = (name: string, inputs: string[], outputs: string[], rest: Parameters<typeof node>[3] = {}) =>
  node(name, inputs, outputs, { domain: 'local', name: `call_${outputs[0]}`, ...rest });

const reference = (name: string, to: string) =>
  create(AttributeProtoSchema, { name, refAttrName: to, type: AttributeProto_AttributeType.INT });

/** Operators with inputs and outputs, in order. */
const steps = (...args: Parameters<typeof modelWith>): string[] =>
  importGraph(modelWith(...args)).nodes.map(
    ({ opType, inputs, outputs }) => `${outputs.join()} = ${opType}(${inputs.join()})`,
  );

describe('inlineFunctions', () => {
  const twice = {
    name: 'Twice',
    input: ['a'],
    output: ['b'],
    node: [node('Add', ['a', 'a'], ['h']), node('Relu', ['h'], ['b'])],
  };

  it('replaces each call by the nodes of the function, values kept apart', () => {
    assert.deepEqual(steps([twice], [call('Twice', ['x'], ['m']), call('Twice', ['m'], ['y'])]), [
      'call_m/h = Add(x,x)',
      'm = Relu(call_m/h)',
      'call_y/h = Add(m,m)',
      'y = Relu(call_y/h)',
    ]);
  });

  it('inlines functions that functions call', () => {
    const outer = { name: 'Outer', input: ['a'], output: ['b'], node: [call('Twice', ['a'], ['b'])] };
    assert.deepEqual(steps([outer, twice], [call('Outer', ['x'], ['y'])]), [
      'call_y/call_b/h = Add(x,x)',
      'y = Relu(call_y/call_b/h)',
    ]);
  });

  it('tells overloads apart', () => {
    const neg = { ...twice, overload: 'neg', node: [node('Neg', ['a'], ['b'])] };
    assert.deepEqual(steps([twice, neg], [call('Twice', ['x'], ['y'], { overload: 'neg' })]), ['y = Neg(x)']);
  });

  it('gives attributes of the call, defaults, or leaves them out', () => {
    const soft = (attributeProto: ReturnType<typeof int>[]) => ({
      name: 'Soft',
      input: ['a'],
      output: ['b'],
      attribute: ['dim'],
      attributeProto,
      node: [node('Softmax', ['a'], ['b'], { attribute: [reference('axis', 'dim')] })],
    });
    const axis = (functions: Functions, attribute: ReturnType<typeof int>[]) =>
      importGraph(modelWith(functions, [call('Soft', ['x'], ['y'], { attribute })])).nodes[0]?.attributes;
    assert.deepEqual(axis([soft([])], [int('dim', 0)]), { axis: { type: 'int', value: 0 } });
    assert.deepEqual(axis([soft([int('dim', 1)])], []), { axis: { type: 'int', value: 1 } });
    assert.deepEqual(axis([soft([])], []), {});
  });

  it('leaves out optional inputs and outputs that the call leaves out', () => {
    const drop = {
      name: 'Drop',
      input: ['a', 'ratio'],
      output: ['b', 'mask'],
      node: [node('Dropout', ['a', 'ratio'], ['b', 'mask'])],
    };
    assert.deepEqual(steps([drop], [call('Drop', ['x'], ['y'])]), ['y,call_y/mask = Dropout(x,)']);
  });

  it('keeps an output that is an input', () => {
    const same = { name: 'Same', input: ['a'], output: ['a'] };
    assert.deepEqual(steps([same], [call('Same', ['x'], ['y'])]), ['y = Identity(x)']);
  });

  it('credits the nodes to the layer of the call', () => {
    const metadataProps = metadata({ 'pkg.torch.onnx.name_scopes': "['', 'body.3', 'twice']" });
    const { nodes } = importGraph(modelWith([twice], [call('Twice', ['x'], ['y'], { metadataProps })]));
    assert.deepEqual(
      nodes.map(({ layer }) => layer),
      ['body.3', 'body.3'],
    );
  });

  it('refuses functions without end and functions in another operator set', () => {
    const self = { name: 'Self', input: ['a'], output: ['b'], node: [call('Self', ['a'], ['b'])] };
    const old = { ...twice, opsetImport: [{ domain: '', version: 13n }] };
    const bombs = Array.from({ length: 30 }, (_, i) => ({
      name: `F${i}`,
      input: ['a'],
      output: ['b'],
      node: i === 0 ? [node('Relu', ['a'], ['b'])] : [call(`F${i - 1}`, ['a'], ['h']), call(`F${i - 1}`, ['h'], ['b'])],
    }));
    const cases: [RegExp, Functions, string][] = [
      [/"Self" calls itself/, [self], 'Self'],
      [/operator set 13, the model in 20/, [old], 'Twice'],
      [/more than 200000 nodes/, bombs, 'F29'],
    ];
    for (const [message, functions, name] of cases)
      assert.throws(
        () => importGraph(modelWith(functions, [call(name, ['x'], ['y'])])),
        (error) => error instanceof InputError && message.test(error.message),
      );
  });
});
