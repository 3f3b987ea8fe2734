import { number, plural } from '../diagnosis/sentence';
import type { Inspection, PortInfo } from '../protocol/inspection';
import type { RegisterCommand } from './command';
import { jsonOption, type OutputOptions } from './options';
import { table } from './table';

export const registerInspect: RegisterCommand = (program, { engine, terminal, request }) => {
  const command = program
    .command('inspect')
    .description('layers, parameters and why each is or is not one, operators without a gradient')
    .argument('<model>', 'ONNX file');
  jsonOption(command).action(async (model: string, { json }: OutputOptions) => {
    const inspection = await engine.inspect(model, request);
    if (json) terminal.printJson(inspection);
    else terminal.print(inspectionReport(inspection));
  });
};

function inspectionReport({ model, producer, opset, inputs, outputs, layers, parameters, unsupported }: Inspection) {
  const trained = parameters.filter(({ trainable }) => trainable);
  const elements = trained.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return [
    `${model}: ${producer || 'unknown producer'}, opset ${opset}`,
    `inputs   ${inputs.map(port).join(', ')}`,
    `outputs  ${outputs.map(port).join(', ')}`,
    `${plural(elements, 'trained weight')} in ${plural(trained.length, 'tensor')}`,
    '',
    table(
      [{ head: 'layer' }, { head: 'op' }, { head: 'kind' }, { head: 'parameters' }, { head: 'source' }],
      layers.map(({ name, op, kind, parameters: own, source }) => [
        name || '(model)',
        op,
        kind,
        own.join(', '),
        source ? `${source.file}:${source.line}` : '',
      ]),
    ),
    '',
    table(
      [
        { head: 'parameter' },
        { head: 'shape' },
        { head: 'type' },
        { head: 'mean', align: 'right' },
        { head: 'std', align: 'right' },
        { head: 'trained' },
        { head: 'why' },
      ],
      parameters.map(({ name, shape, dtype, mean, std, trainable, why }) => [
        name,
        shape.join(' × ') || 'scalar',
        dtype,
        number(mean),
        number(std),
        trainable ? 'yes' : 'no',
        why,
      ]),
    ),
    '',
    unsupported.length === 0
      ? 'Every operator has a gradient.'
      : `Operators without a gradient:\n${unsupported
          .map(({ op, node, layer }) => `  ${op}, node "${node}"${layer ? ` in layer ${layer}` : ''}`)
          .join('\n')}`,
  ].join('\n');
}

const port = ({ name, dtype, shape }: PortInfo): string => `${name} ${dtype}[${shape.join(', ')}]`;
