import { quoteOf, referTo } from '../edits/references';
import type { TextEdit } from '../text';
import type { Initialization } from '../trace';
import { configConstant, configEntry, numberArgument, type Call, type Layer, type Op, type Site } from '../values';
import { isHere, type Fix, type Problem, type Rule, type RuleContext } from './rule';
import { plainChains } from './plain-chain';
import { fanIn, finalInitializations, isNormalized } from './weights';

const fewestLayers = 4;
const largestFactor = 3;

/** A deviation chosen by hand and far off 1/√fan-in shrinks or grows the signal by that factor in every layer. */
export const initScale: Rule = {
  code: 'GD203',
  name: 'init-scale',
  severity: 'warning',
  frameworks: ['pytorch', 'tensorflow'],
  *check(context): Generator<Problem> {
    const { flow, trace, framework } = context;
    const initializations = finalInitializations(trace);
    const off = new Map<Op, Setting & { factor: number }>();
    for (const op of trace.ops) {
      const { layer } = op;
      if (op.category !== 'weights' || !layer || isNormalized(flow, op)) continue;
      const initialization = initializations.get(layer);
      const set =
        framework === 'tensorflow' ? tensorFlowSetting(layer) : initialization && pyTorchSetting(initialization);
      if (!set || !isHere(context, set.site) || set.deviation <= 0) continue;
      const inputs = fanIn(layer, op);
      // A skip around the layer, or a norm further on, carries the scale past it.
      if (inputs === undefined || !isPlain(context, op)) continue;
      const factor = (set.deviation * Math.sqrt(inputs)) / gainAfter(context, op);
      if (factor < largestFactor && factor > 1 / largestFactor) continue;
      off.set(op, { ...set, factor });
    }
    if (off.size < fewestLayers) return;
    // Only along one chain do the factors multiply.
    const settings = new Map<number, Setting & { factor: number }>();
    let deepest = 0;
    for (const { weights } of plainChains(flow).values()) {
      const wrong = weights.filter((op) => off.has(op));
      if (new Set(wrong).size < fewestLayers) continue;
      deepest = Math.max(deepest, wrong.length);
      for (const op of wrong) settings.set(off.get(op)!.site.from, off.get(op)!);
    }
    const fixes = rescale(context, [...settings.values()]);
    for (const { site, factor } of settings.values()) {
      const times = factor > 1 ? factor : 1 / factor;
      yield {
        at: site,
        message: `This deviation is ${times.toFixed(0)} × too ${factor > 1 ? 'large' : 'small'} to keep the variance, in ${deepest} layers: the signal ${factor > 1 ? 'explodes' : 'vanishes'} with depth.`,
        fixes,
      };
    }
  },
};

/** One fix for all of them: with only some of them set right, the rest would be too few to be found again. */
const rescale = ({ file, framework }: RuleContext, settings: readonly Pick<Setting, 'site' | 'call'>[]): Fix[] => {
  const edits: TextEdit[] = [];
  for (const { site, call } of settings) {
    if (framework === 'tensorflow') {
      const quote = quoteOf(file);
      edits.push({ from: site.from, to: site.to, insert: `${quote}heNormal${quote}` });
      continue;
    }
    const weight = call?.node.arguments[0]?.value;
    if (!call || !weight || call.positional[0]?.value.kind !== 'parameter') return [];
    const reference = referTo(file, 'torch.nn.init.kaiming_normal_');
    if (edits.length === 0) edits.push(...reference.edits);
    const { from, to } = call.node;
    edits.push({ from, to, insert: `${reference.text}(${file.source.slice(weight)})` });
  }
  const title = `Scale by the fan-in: ${framework === 'tensorflow' ? "'heNormal'" : 'kaiming_normal_'}`;
  return [{ title, safe: false, remedy: 'kaiming-normal', edits }];
};

const gainAfter = ({ flow }: RuleContext, op: Op): number =>
  flow.after(op)?.category === 'activation' && /relu/i.test(flow.after(op)!.name) ? Math.SQRT2 : 1;

/** Whether nothing around the layer carries the signal past it or evens out its scale. */
const isPlain = ({ flow }: RuleContext, op: Op): boolean => {
  let at = op;
  for (let steps = 0; steps < 200; steps++) {
    const next = flow.after(at);
    if (!next) break;
    if (['normalization', 'merge', 'attention', 'choice', 'unknown', 'matmul'].includes(next.category)) return false;
    at = next;
  }
  at = op;
  for (let steps = 0; steps < 200; steps++) {
    const last = flow.before(at);
    if (!last) break;
    if (['normalization', 'merge', 'attention'].includes(last.category)) return false;
    at = last;
  }
  return true;
};

const deviationOf = (scheme: string, call: Call | undefined): number | undefined => {
  if (!call || call.open) return undefined;
  const method = call.positional[0]?.value.kind !== 'parameter';
  const at = method ? 0 : 1;
  switch (scheme) {
    case 'normal_':
    case 'trunc_normal_':
      return (
        numberArgument(call, 'std', at + 1) ??
        (call.positional.length <= at + 1 && !call.keywords.has('std') ? 1 : undefined)
      );
    case 'uniform_': {
      const low = numberArgument(call, 'a', at) ?? (call.positional.length <= at ? 0 : undefined);
      const high = numberArgument(call, 'b', at + 1) ?? (call.positional.length <= at + 1 ? 1 : undefined);
      return low === undefined || high === undefined ? undefined : (high - low) / Math.sqrt(12);
    }
    default:
      return undefined;
  }
};

interface Setting {
  site: Site;
  deviation: number;
  call: Call | undefined;
}

const pyTorchSetting = ({ scheme, call, site, arms }: Initialization): Setting | undefined => {
  const deviation = arms.length > 0 ? undefined : deviationOf(scheme, call);
  return deviation === undefined ? undefined : { site, deviation, call };
};

const tensorFlowSetting = (layer: Layer): Setting | undefined => {
  const entry = configEntry(layer.call, 'kernelInitializer');
  if (entry?.value.kind !== 'object') return undefined;
  const { path, call, site } = entry.value;
  const number = (name: string, otherwise: number): number => {
    const value = configConstant(call, name);
    return typeof value === 'number' ? value : otherwise;
  };
  if (path.endsWith('.randomNormal') || path.endsWith('.truncatedNormal'))
    return { site, deviation: number('stddev', 0.05), call };
  if (path.endsWith('.randomUniform'))
    return { site, deviation: (number('maxval', 0.05) - number('minval', -0.05)) / Math.sqrt(12), call };
  return undefined;
};
