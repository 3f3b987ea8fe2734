/**
 * What else a program does with the layers that an edit changes: initialize them by name, reach them by number, load
 * weights into them. It must still find what it looks for; where it would not, it is edited as well, or the edit refused.
 */
import { expressionsIn } from '../../source/edits/arguments';
import { spanAfter } from '../../source/edits/compose';
import { hasOwnLines, removeStatement } from '../../source/edits/statements';
import type { ParsedSource } from '../../source/parse';
import { allStatements, placesAround, type Expression } from '../../source/syntax';
import type { TextEdit } from '../../source/text';
import type { Initialization, Trace } from '../../source/trace';
import type { Layer, Op, Site } from '../../source/values';
import { DoesNotFit } from '../remedy';
import type { FileEdits, Program } from './code';
import { modulePaths } from './module-paths';
import { attributeUses, namesOfLayers } from './uses';

const lineOf = ({ file, from }: Site): string => `Line ${file.source.lineOf(from) + 1}`;

/** What a recurrent layer has and its stand-in has not. */
const recurrentOnly =
  /^((weight|bias)_(ih|hh)(_l\d+(_reverse)?)?|all_weights|flatten_parameters|nonlinearity|mode|proj_size)$/;

/** These take one-dimensional tensors badly. */
const needsTwoDimensions = /^(xavier|kaiming|orthogonal|eye|dirac|sparse)_/;

/**
 * @param after the program with the edits made.
 * @returns further edits that the program needs.
 * @throws DoesNotFit with the line and the reason.
 */
export function laterUses(before: Program, after: Program, changes: readonly FileEdits[]): FileEdits[] {
  const moved = mover(changes);
  const isReplaced = ({ site }: Layer): boolean =>
    (changes.find(({ file }) => file === site.file)?.edits ?? []).some(
      ({ from, to }) => from < to && from <= site.from && site.to <= to,
    );
  refuseLostLayers(before.trace, after.trace, moved, isReplaced);
  refuseLoading(before, after.trace);
  const removed = new Map<ParsedSource, Map<number, TextEdit>>();
  const remove = (site: Site): void => {
    const place = placesAround(site.file.root, site.from).at(-1)!;
    const { source } = site.file;
    if (!hasOwnLines(source, place.statement) || place.block.statements.length === 1)
      throw new DoesNotFit(`${lineOf(site)} uses what the recurrent layer has and self-attention has not.`);
    const edits = removed.get(site.file) ?? new Map<number, TextEdit>();
    edits.set(place.statement.from, removeStatement(source, place.statement));
    removed.set(site.file, edits);
  };
  for (const lost of lostInitializations(before.trace, after.trace, moved)) {
    const { layer } = lost.parameter;
    if (!layer || !isReplaced(layer))
      throw new DoesNotFit(
        `${lineOf(lost.site)} initializes layers by their number or class, and would not find them any more.`,
      );
    if (isByName(lost)) remove(lost.site);
  }
  refuseOneDimensional(before.trace, after.trace, moved);
  const replaced = new Set(layersOf(before.trace).filter(isReplaced));
  if (replaced.size > 0) {
    const names = namesOfLayers(before.trace, replaced);
    for (const file of new Set([...replaced].map(({ site }) => site.file)))
      for (const use of attributeUses(file.root, recurrentOnly)) {
        const site = { file, from: use.node.from, to: use.node.to };
        if (use.owner === undefined || !names.has(use.owner) || removed.get(file)?.has(use.statement.from)) continue;
        const isForItAlone = use.isWritten || use.attribute === 'flatten_parameters';
        if (isForItAlone && use.statement.kind === 'expression') remove(site);
        else throw new DoesNotFit(`${lineOf(site)} uses ${use.owner}.${use.attribute}, which self-attention has not.`);
      }
  }
  return [...removed].map(([file, edits]) => ({ file, edits: [...edits.values()] }));
}

type Mover = (site: Site) => { path: string; from: number; to: number };

/** Where places are after the edits. */
const mover = (changes: readonly FileEdits[]): Mover => {
  const edits = new Map(changes.map((each) => [each.file.source.path, each.edits]));
  return ({ file, from, to }) => {
    const { path } = file.source;
    return { path, ...spanAfter(edits.get(path) ?? [], { from, to }) };
  };
};

const layersOf = ({ layers, ops }: Trace): Layer[] => [
  ...new Set([...layers, ...ops.flatMap(({ layer }) => layer ?? [])]),
];

const isWithin = ({ path, from, to }: ReturnType<Mover>, site: Site): boolean =>
  site.file.source.path === path && from <= site.from && site.to <= to;

const holdsWeights = ({ category }: Op): boolean =>
  ['weights', 'recurrent', 'embedding', 'attention', 'normalization'].includes(category);

/** A network that calls `self.layers[2]` calls another layer when one is put in before it. */
const refuseLostLayers = (before: Trace, after: Trace, moved: Mover, isReplaced: (layer: Layer) => boolean): void => {
  const used = after.ops.flatMap(({ layer }) => layer?.site ?? []);
  for (const op of before.ops) {
    if (!op.layer || !holdsWeights(op) || isReplaced(op.layer)) continue;
    const now = moved(op.layer.site);
    if (!used.some((site) => isWithin(now, site)))
      throw new DoesNotFit(
        `${lineOf(op.site)} reaches layers by their number, and would reach others after the change.`,
      );
  }
};

/** Those that set nothing any more. */
const lostInitializations = (before: Trace, after: Trace, moved: Mover): Initialization[] =>
  before.initializations.filter(({ site, parameter }) => {
    const here = moved(site);
    const made = parameter.layer && moved(parameter.layer.site);
    return !after.initializations.some(
      (each) =>
        each.site.file.source.path === here.path &&
        each.site.from === here.from &&
        each.parameter.name === parameter.name &&
        (!made || (each.parameter.layer !== undefined && isWithin(made, each.parameter.layer.site))),
    );
  });

/** `init(self.rnn.weight_hh_l0)`, which fails where there is no such weight; a loop over parameters passes over it. */
const isByName = ({ site: { file, from }, call, parameter }: Initialization): boolean => {
  const around = placesAround(file.root, from);
  const inner = around.slice(around.findLastIndex(({ statement }) => statement.kind === 'function') + 1);
  const isGuarded = inner.some(({ statement }) => statement.kind === 'if');
  const written = call ? [...expressionsIn(call.node)] : [];
  const names = (node: Expression): boolean =>
    (node.kind === 'attribute' && node.name === parameter.name) ||
    (node.kind === 'string' && node.value === parameter.name);
  return !isGuarded && written.some(names);
};

/** A loop that initializes every weight comes to those of a norm as well. */
const refuseOneDimensional = (before: Trace, after: Trace, moved: Mover): void => {
  for (const { site } of before.initializations) {
    const here = moved(site);
    const fails = after.initializations.some(
      (each) =>
        each.site.file.source.path === here.path &&
        each.site.from === here.from &&
        needsTwoDimensions.test(each.scheme) &&
        /Norm/.test(each.parameter.layer?.type ?? '') &&
        !before.initializations.some((other) => other.site === site && /Norm/.test(other.parameter.layer?.type ?? '')),
    );
    if (fails)
      throw new DoesNotFit(`${lineOf(site)} initializes every weight as a matrix, which that of the new norm is not.`);
  }
};

/** Names and types of the layers with weights, by which a checkpoint knows them. */
const checkpointNames = (trace: Trace): string =>
  [...modulePaths(trace).values()]
    .flatMap((paths) => [...paths])
    .flatMap(([value, names]) =>
      value.kind === 'layer' && /Linear|Conv|RNN|LSTM|GRU|Norm|Embedding|Attention/.test(value.type)
        ? names.map((name) => `${name}:${value.type}:${value.slots.has('reparametrized')}`)
        : [],
    )
    .sort()
    .join();

/** Weights from a file, which fit the network as it was; those that are loaded on a condition are somebody's wish. */
const refuseLoading = ({ file, trace }: Program, after: Trace): void => {
  const { source } = file;
  if (!source.text.includes('load_state_dict') || checkpointNames(trace) === checkpointNames(after)) return;
  for (const statement of allStatements(file.root)) {
    if (statement.kind !== 'expression' && statement.kind !== 'assign') continue;
    for (const node of expressionsIn(statement.value)) {
      if (node.kind !== 'call' || node.callee.kind !== 'attribute' || node.callee.name !== 'load_state_dict') continue;
      if (/optim|sched|scaler/i.test(source.slice(node.callee.object))) continue;
      const isConditional = placesAround(file.root, node.from).some(
        ({ statement: { kind } }) => kind === 'if' || kind === 'try',
      );
      if (!isConditional && isFromFile(file, node.arguments[0]?.value))
        throw new DoesNotFit(
          `${lineOf({ file, ...node })} loads weights of the network as it is now, which do not fit the changed one.`,
        );
    }
  }
};

const reads = /\b(torch\.load|load_file|load_state_dict_from_url|load_model|from_pretrained)\(/;

/** Whether a value, or what the names in it were assigned, is read from a file. */
const isFromFile = (file: ParsedSource, value: Expression | undefined): boolean => {
  if (!value) return false;
  const { source } = file;
  if (reads.test(source.slice(value))) return true;
  const names = new Set([...expressionsIn(value)].flatMap((node) => (node.kind === 'name' ? node.name : [])));
  return [...allStatements(file.root)].some(
    (statement) =>
      statement.kind === 'assign' &&
      statement.targets.some((target) => target.kind === 'name' && names.has(target.name)) &&
      reads.test(source.slice(statement.value)),
  );
};
