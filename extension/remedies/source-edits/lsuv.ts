/** Layer-sequential unit-variance initialization: a helper, called on the first batch before the first step. */
import { quoteOf } from '../../source/edits/references';
import { insertBefore } from '../../source/edits/statements';
import { modulesOf } from '../../source/pytorch';
import { layerCategories } from '../../source/pytorch-names';
import { placesAround, placeOf, type Statement } from '../../source/syntax';
import type { ModuleCall } from '../../source/trace';
import type { Site } from '../../source/values';
import { DoesNotFit, type RemedyParameters } from '../remedy';
import { groupBy, type Code, type Helper } from './code';
import type { SourceEditor } from './editors';
import { siteKey } from './network';
import { distinctSites, functionStart } from './training-loop';

export const lsuvEditor: SourceEditor = {
  stage: 'optimizer',
  edit(code, parameters) {
    initializeOnFirstBatch(code, parameters);
    return 'Scale the initial weights to unit variance, layer by layer (LSUV)';
  },
};

const weightLayers = ['Linear', 'Conv1d', 'Conv2d', 'Conv3d', 'ConvTranspose1d', 'ConvTranspose2d', 'ConvTranspose3d'];

const initializeOnFirstBatch = (code: Code, { tolerance, iterations }: RemedyParameters): void => {
  const calls = trainedCalls(code);
  if (calls.length === 0)
    throw new DoesNotFit(
      code.trace.events.some(({ kind }) => kind === 'backward')
        ? 'The training loop calls no network whose layers are known here.'
        : 'There is no training loop here.',
    );
  if (calls.some(({ site }) => site.file.source.text.includes('lsuv_(')))
    throw new DoesNotFit('LSUV is called here already.');
  const options =
    (tolerance === 0.1 ? '' : `, tolerance=${tolerance}`) + (iterations === 10 ? '' : `, iterations=${iterations}`);
  for (const [model, own] of groupBy(calls, modelText)) {
    const [{ site, call }] = own as [ModuleCall];
    const { file } = site;
    const { source } = file;
    const kinds = weightLayers.map((kind) => code.refer(file, `torch.nn.${kind}`));
    code.help(
      file,
      helper(kinds, code.refer(file, 'torch.no_grad'), code.refer(file, 'torch.nn.init.orthogonal_'), quoteOf(file)),
    );
    const inputs = call.node.arguments.map((each) => source.slice(each));
    code.edit(
      file,
      insertBefore(source, statementOf(site), [`lsuv_(${[model, `(${inputs.join(', ')},)`].join(', ')}${options})`]),
    );
  }
};

const modelText = ({ call, site }: ModuleCall): string => site.file.source.slice(call.node.callee);

const statementOf = (site: Site): Statement => placeOf(site.file.root, site.from)!.statement;

/** Calls of networks in the functions that differentiate their loss, or that Lightning calls to train. */
const trainedCalls = (code: Code): ModuleCall[] => {
  const backwards = distinctSites(code.trace.events.filter(({ kind }) => kind === 'backward'));
  const isTraining = (site: Site, included: boolean): boolean => {
    const around = placesAround(site.file.root, site.from).findLast(({ statement }) => statement.kind === 'function');
    if (around?.statement.kind === 'function' && around.statement.function.name === 'training_step')
      return (
        included ||
        code.includes({ file: site.file, from: around.statement.from, to: around.statement.from }) ||
        code.includes(site)
      );
    return backwards.some(
      (backward) =>
        backward.site.file === site.file &&
        functionStart(backward.site) === functionStart(site) &&
        site.from < backward.site.to &&
        (included || code.includes(backward.site) || code.includes(site)),
    );
  };
  const calls = code.trace.calls.filter((each) => {
    const layers = modulesOf(each.module).filter(
      (layer) => layer.kind === 'layer' && layerCategories.get(layer.type) === 'weights',
    );
    const included = layers.filter((layer) => layer.kind === 'layer' && code.includes(layer.site)).length;
    const fits =
      layers.length > 0 &&
      each.call.node.arguments.length > 0 &&
      each.call.node.arguments.every(({ name, spread }) => name === undefined && spread !== 'dict') &&
      isTraining(each.site, included > 0);
    if (fits && included > 0 && included < layers.length)
      throw new DoesNotFit('LSUV goes through all layers of a network, and is meant for some of them here.');
    return fits;
  });
  const byPlace = [...new Map(calls.map((each) => [siteKey(each.site), each])).values()];
  // Before the backward pass of a function, the first call of each network.
  return byPlace.sort((a, b) => a.site.from - b.site.from);
};

/** Weights orthogonal, then each layer's divided by the deviation of its output until that is 1. */
const helper = (kinds: readonly string[], noGrad: string, orthogonal: string, quote: string): Helper => ({
  name: 'lsuv_',
  lines: [
    'def lsuv_(model, inputs, tolerance=0.1, iterations=10):',
    '    """Layer-sequential unit-variance initialization on the first batch (Mishkin and Matas, 2016)."""',
    `    if getattr(model, ${quote}_has_lsuv${quote}, False):`,
    '        return',
    '    model._has_lsuv = True',
    `    kinds = (${kinds.join(', ')})`,
    '    layers = []',
    '    deviations = {}',
    '',
    '    def note(layer, _, output):',
    '        if layer not in deviations:',
    '            layers.append(layer)',
    '        deviations[layer] = output.float().std().item()',
    '',
    '    hooks = [m.register_forward_hook(note) for m in model.modules() if isinstance(m, kinds)]',
    `    with ${noGrad}():`,
    '        model(*inputs)',
    '        for layer in layers:',
    `            ${orthogonal}(layer.weight)`,
    '        for layer in tuple(layers):',
    '            for _ in range(iterations):',
    '                model(*inputs)',
    '                deviation = deviations[layer]',
    '                if deviation == 0 or abs(deviation - 1) <= tolerance:',
    '                    break',
    '                layer.weight /= deviation',
    '    for hook in hooks:',
    '        hook.remove()',
  ],
});
