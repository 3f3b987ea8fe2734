import type { Inspection, InspectedParameter, PortInfo } from '../protocol/inspection';
import { readableNumber } from './readable-number';

/** The texts of the document, in the reader's language. */
export type Translate = (message: string, ...values: (string | number)[]) => string;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

const code = (text: string): string => (text === '' ? '' : `\`${text.replaceAll('`', "'")}\``);

const shape = (sizes: readonly (number | string)[]): string => (sizes.length === 0 ? 'scalar' : sizes.join(' × '));

const elements = ({ shape: sizes }: InspectedParameter): number => sizes.reduce((product, size) => product * size, 1);

/** What `inspect` found, as a Markdown document. */
export function inspectionDocument(inspection: Inspection, t: Translate): string {
  const { model, producer, opset, inputs, outputs, layers, parameters, unsupported } = inspection;
  const trainable = parameters.filter((parameter) => parameter.trainable);
  const count = trainable.reduce((sum, parameter) => sum + elements(parameter), 0);
  const ports = (list: readonly PortInfo[]) =>
    table(
      [t('Name'), t('Type'), t('Shape')],
      list.map((port) => [code(port.name), port.dtype, shape(port.shape)]),
    );
  return [
    `# ${model.split(/[\\/]/).at(-1) ?? model}`,
    t(
      '{0} layers, {1} trainable parameters in {2} tensors. Opset {3}, made by {4}.',
      layers.length,
      count.toLocaleString('en'),
      trainable.length,
      opset,
      producer === '' ? t('an unnamed producer') : producer,
    ),
    ...(unsupported.length > 0
      ? [
          `## ${t('Operators without a gradient')}`,
          t('Training is not possible until these are replaced.'),
          table(
            [t('Operator'), t('Node'), t('Layer')],
            unsupported.map(({ op, node, layer }) => [code(op), code(node), code(layer)]),
          ),
        ]
      : []),
    `## ${t('Inputs')}`,
    ports(inputs),
    `## ${t('Outputs')}`,
    ports(outputs),
    `## ${t('Layers')}`,
    table(
      [t('Layer'), t('Operator'), t('Kind'), t('Parameters'), t('Source')],
      layers.map(({ name, op, kind, parameters: names, source }) => [
        code(name),
        op,
        kind,
        names.map(code).join(', '),
        source ? `${source.file}:${source.line}` : '',
      ]),
    ),
    `## ${t('Parameters')}`,
    table(
      [t('Name'), t('Shape'), t('Type'), t('Mean'), t('Standard deviation'), t('Trained'), t('Why')],
      parameters.map((parameter) => [
        code(parameter.name),
        shape(parameter.shape),
        parameter.dtype,
        readableNumber(parameter.mean),
        readableNumber(parameter.std),
        parameter.trainable ? t('yes') : t('no'),
        parameter.why,
      ]),
    ),
    '',
  ].join('\n\n');
}
