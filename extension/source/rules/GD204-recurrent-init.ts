import { orthogonalEdits, orthogonalInstead } from '../edits/recurrent-init';
import { quoteOf } from '../edits/references';
import { configConstant, configEntry } from '../values';
import { isHere, type Problem, type Rule, type RuleContext } from './rule';
import { finalInitializations } from './weights';

/** Multiplied with itself at every time step, an orthogonal matrix keeps the length of the gradient; others shrink or grow it. */
export const recurrentInit: Rule = {
  code: 'GD204',
  name: 'recurrent-init',
  severity: 'information',
  frameworks: ['pytorch', 'tensorflow'],
  *check(context): Generator<Problem> {
    if (context.framework === 'tensorflow') yield* inTensorFlow(context);
    else {
      yield* setOtherwise(context);
      yield* leftAtDefault(context);
    }
  },
};

function* setOtherwise(context: RuleContext): Generator<Problem> {
  const seen = new Set<number>();
  for (const [layer, { scheme, site, call, parameter }] of finalInitializations(context.trace, (name) =>
    name.startsWith('weight_hh'),
  )) {
    if (
      !isHere(context, site) ||
      seen.has(site.from) ||
      /^(orthogonal_|eye_|copy_|zeros?_|constant_|fill_|ones_)$/.test(scheme)
    )
      continue;
    seen.add(site.from);
    const weight = call?.positional[0]?.value.kind === 'parameter' ? call.node.arguments[0]?.value : undefined;
    // Only where the same statement does not set the input weights as well.
    const alone = !context.trace.initializations.some(
      (other) => other.site.from === site.from && !other.parameter.name.startsWith('weight_hh'),
    );
    const edits = weight && call && alone ? orthogonalInstead(context.file, layer, call.node, weight) : undefined;
    yield {
      at: site,
      message: `The recurrent weights (${parameter.name}) are not orthogonal: gradients shrink or grow at every time step.`,
      fixes: edits ? [{ title: 'Use orthogonal initialization', safe: false, remedy: 'orthogonal', edits }] : [],
    };
  }
}

/** PyTorch's own default is uniform; TensorFlow.js's is orthogonal. */
function* leftAtDefault({ trace, file }: RuleContext): Generator<Problem> {
  if (/orthogonal|init_weights|reset_parameters|weight_hh/.test(file.source.text) || trace.exhausted) return;
  const seen = new Set<number>();
  for (const { category, layer } of trace.ops) {
    if (category !== 'recurrent' || !layer || layer.site.file !== file || seen.has(layer.site.from)) continue;
    seen.add(layer.site.from);
    const edits = orthogonalEdits(file, layer);
    yield {
      at: layer.site,
      message: `The recurrent weights of this ${layer.type} start uniform, not orthogonal: gradients shrink or grow at every time step.`,
      fixes: edits
        ? [{ title: 'Initialize the recurrent weights orthogonally', safe: false, remedy: 'orthogonal', edits }]
        : [],
    };
  }
}

function* inTensorFlow(context: RuleContext): Generator<Problem> {
  const seen = new Set<number>();
  for (const { category, layer } of context.trace.ops) {
    if (category !== 'recurrent' || !layer || !isHere(context, layer.site)) continue;
    const entry = configEntry(layer.call, 'recurrentInitializer');
    const name = configConstant(layer.call, 'recurrentInitializer');
    if (!entry || typeof name !== 'string' || name === 'orthogonal' || name === 'identity' || seen.has(entry.node.from))
      continue;
    seen.add(entry.node.from);
    const quote = quoteOf(context.file);
    yield {
      at: entry.node,
      message: `The recurrent weights are not orthogonal (${name}): gradients shrink or grow at every time step.`,
      fixes: [
        {
          title: "Use recurrentInitializer: 'orthogonal'",
          safe: false,
          remedy: 'orthogonal',
          edits: [{ from: entry.node.from, to: entry.node.to, insert: `${quote}orthogonal${quote}` }],
        },
      ],
    };
  }
}
