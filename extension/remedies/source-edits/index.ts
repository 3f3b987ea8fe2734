/**
 * Remedies as edits of the user's source: one, several together, and which of them a place in a file can take.
 * Nothing here reads or writes a file.
 */
import type { Use } from '../../protocol/experiment';
import { composeEdits, spanAfter } from '../../source/edits/compose';
import { frameworkOf } from '../../source/analyse';
import { parseSource, type ParsedSource } from '../../source/parse';
import { innerBlocks, placeOf } from '../../source/syntax';
import { applyEdits, type Span, type TextEdit } from '../../source/text';
import { SyntaxErrors } from '../../source/tree';
import type { Site } from '../../source/values';
import { findRemedy, remedies } from '../index';
import { DoesNotFit, type Remedy } from '../remedy';
import { Code, linesAround, programOf, type FileEdits, type Program } from './code';
import { sourceEditors, stages, type SourceEditor } from './editors';
import { laterUses } from './later-uses';
import { sitesOfUnits } from './module-paths';

export { programOf, type FileEdits, type Program } from './code';

/** Which part of a program a remedy is for; all of it where neither is given. */
export interface EditPlace {
  /** Layers or units, named as in the run. */
  units?: readonly string[];
  /** A cursor or selection in the program's file. */
  at?: Span;
}

/** A remedy in the source, which may lie in several files of a project. */
export interface SourceEdit {
  /** What will change: `Clip the gradients to a global norm of 1`. */
  title: string;
  /** Whether the network computes something else afterwards: a refactoring, never part of a fix-all. */
  changesNetwork: boolean;
  edits: readonly FileEdits[];
}

export interface PossibleRemedy extends SourceEdit {
  id: string;
  /** Whether it is for a part of what the program has that the remedy is for. */
  isPart: boolean;
}

/**
 * Writes a remedy into the source.
 * @throws DoesNotFit with the reason where that cannot be done exactly here.
 */
export const editSource = (program: Program, use: Use, place: EditPlace = {}): SourceEdit =>
  editSites(program, use, sitesOf(program, { units: use.units, ...place }));

/** Writes several remedies into the source as one edit, in the order in which they build on each other. */
export const editSourceAll = (program: Program, uses: readonly Use[], place: EditPlace = {}): SourceEdit => {
  const ordered = uses
    .map((use) => ({ use, sites: sitesOf(program, { units: use.units, ...place }) }))
    .sort((a, b) => stageOf(program, a.use) - stageOf(program, b.use));
  const texts = new Map<string, { original: ParsedSource; edits: TextEdit[] }>();
  const titles: string[] = [];
  let changesNetwork = false;
  let now = program;
  for (const { use, sites } of ordered) {
    const moved = sites?.map((site) => moveSite(now, site, texts));
    const step = editSites(now, use, moved);
    titles.push(step.title);
    changesNetwork ||= step.changesNetwork;
    for (const { file, edits } of step.edits) {
      const before = texts.get(file.source.path);
      if (before) before.edits = composeEdits(before.original.source.text, before.edits, edits);
      else texts.set(file.source.path, { original: file, edits: [...edits] });
    }
    now = edited(now, step.edits);
  }
  return {
    title: titles.map((title, index) => (index === 0 ? title : title[0]!.toLowerCase() + title.slice(1))).join(', '),
    changesNetwork,
    edits: [...texts.values()].map(({ original, edits }) => ({ file: original, edits })),
  };
};

/** The remedies that a place in a file can take, with their edits. */
export const possibleRemedies = (program: Program, at: Span): PossibleRemedy[] => {
  const sites = sitesOf(program, { at });
  return remedies.flatMap(({ id }) => {
    try {
      const use = { id, parameters: {} };
      const edit = editSites(program, use, sites);
      return [{ id, isPart: sites !== undefined && !isWhole(program, use, edit), ...edit }];
    } catch (error) {
      if (error instanceof DoesNotFit) return [];
      throw error;
    }
  });
};

const isWhole = (program: Program, use: Use, { edits }: SourceEdit): boolean => {
  const textOf = (all: readonly FileEdits[]): string =>
    JSON.stringify(all.map(({ file, edits: own }) => [file.source.path, applyEdits(file.source.text, own)]));
  try {
    return textOf(editSites(program, use, undefined).edits) === textOf(edits);
  } catch (error) {
    if (error instanceof DoesNotFit) return false;
    throw error;
  }
};

const editorOf = (program: Program, id: string): SourceEditor => {
  const editor = sourceEditors[id]?.[frameworkOf(program.file)];
  if (!editor) throw new DoesNotFit(`TensorFlow.js has no way to express ${id}.`);
  return editor;
};

const stageOf = (program: Program, { id }: Use): number => stages.indexOf(editorOf(program, id).stage);

const remedyOf = (id: string): Remedy => {
  const remedy = findRemedy(id);
  if (!remedy) throw new DoesNotFit(`There is no remedy ${id}.`);
  return remedy;
};

const editSites = (program: Program, use: Use, sites: readonly Site[] | undefined): SourceEdit => {
  const remedy = remedyOf(use.id);
  const editor = editorOf(program, use.id);
  if (program.trace.exhausted) throw new DoesNotFit('The file is too large to be followed as a whole.');
  const code = new Code(program, sites);
  const title = editor.edit(code, remedy.parameters.parse(use.parameters), use.parameters);
  const edits = code.changes;
  if (edits.length === 0) throw new DoesNotFit('The source is like that already.');
  for (const each of edits) assertWhole(each);
  if (remedy.changesNetwork && code.framework === 'pytorch')
    for (const { file, edits: more } of laterUses(program, edited(program, edits), edits)) code.edit(file, ...more);
  return { title, changesNetwork: remedy.changesNetwork, edits: code.changes };
};

/** An edit that leaves a syntax error behind is a fault of ours, never something to offer. */
const assertWhole = ({ file, edits }: FileEdits): void => {
  const after = reparsed(file, edits);
  const whole = { from: 0, to: after.source.text.length };
  const isWhole = ({ source, tree }: ParsedSource): boolean =>
    !new SyntaxErrors(tree).within({ from: 0, to: source.text.length });
  if (isWhole(file) && new SyntaxErrors(after.tree).within(whole))
    throw new DoesNotFit('This way of writing the program cannot be changed safely.');
};

const reparsed = (file: ParsedSource, edits: readonly TextEdit[]): ParsedSource => {
  const { path, text, language } = file.source;
  return parseSource(path, applyEdits(text, edits), language, file);
};

/** The program after edits. */
const edited = (program: Program, edits: readonly FileEdits[]): Program => {
  const files = new Map(edits.map(({ file, edits: own }) => [file.source.path, reparsed(file, own)]));
  const { findModule } = program;
  return programOf(
    files.get(program.file.source.path) ?? program.file,
    findModule &&
      ((name, from) => {
        const found = findModule(name, from);
        return found && (files.get(found.source.path) ?? found);
      }),
  );
};

/** A place of the first program in a later one. */
const moveSite = (
  now: Program,
  site: Site,
  texts: ReadonlyMap<string, { original: ParsedSource; edits: readonly TextEdit[] }>,
): Site => {
  const { path } = site.file.source;
  const changed = texts.get(path);
  if (!changed) return site;
  const file = path === now.file.source.path ? now.file : reparsed(changed.original, changed.edits);
  return { file, ...spanAfter(changed.edits, site) };
};

/** What an `EditPlace` means in a program. */
const sitesOf = (program: Program, { units, at }: EditPlace): Site[] | undefined => {
  if (at) return sitesAt(program, at);
  if (!units) return undefined;
  const sites = sitesOfUnits(program.trace, units);
  if (sites.length === 0) throw new DoesNotFit(`The source has no layer named ${enumerated(units)}.`);
  return sites;
};

const mostNamed = 3;

const enumerated = (names: readonly string[]): string =>
  names.slice(0, mostNamed).join(', ') + (names.length > mostNamed ? `, … (${names.length} in all)` : '');

/** What stands on the lines of a selection; where nothing does, the statement around it. */
const sitesAt = ({ file, trace }: Program, at: Span): Site[] => {
  const place = placeOf(file.root, at.from);
  const around: Site[] = place ? [{ file, from: place.statement.from, to: place.statement.to }] : [];
  // The first line of a class, function or loop stands for all of it.
  if (place && innerBlocks(place.statement).length > 0) return around;
  const lines = linesAround(file, at);
  const sites = [
    ...trace.ops.flatMap(({ site, layer }) => (layer ? [site, layer.site] : [site])),
    ...trace.events.map(({ site }) => site),
    ...trace.objects.map(({ site }) => site),
  ].filter((site) => site.file === file && lines.from <= site.from && site.from < site.to && site.to <= lines.to);
  return sites.length > 0 ? sites : around;
};
