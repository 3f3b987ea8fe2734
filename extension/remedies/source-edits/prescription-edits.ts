/** The source edits that carry out a prescription, for a model whose exporter kept the lines that its layers come from. */
import { findRemedy } from '../index';
import type { Use } from '../../protocol/experiment';
import type { Trial } from '../../protocol/prescription';
import type { LayerInfo } from '../../protocol/run';
import { concernsFramework } from '../../source/framework';
import { parseSource } from '../../source/parse';
import { projectModules, type ReadText } from '../../source/project';
import { languageOf } from '../../source/language';
import type { Range } from '../../source/text';
import { DoesNotFit } from '../remedy';
import { programOf, type Program } from './code';
import { editSourceAll, type SourceEdit } from './index';
import { modulePaths } from './module-paths';

/** An edit as the command line prints it. */
export interface EditRecord {
  file: string;
  range: Range;
  newText: string;
}

/**
 * @param layers of the model, with their places in the source
 * @param readText gives a file's text, nothing where there is none
 * @param script the program that trains the model, where that is known
 * @returns nothing where the source is not known, or the remedies cannot be written into it exactly
 */
export const editsOf = (
  prescription: Pick<Trial, 'remedies' | 'learningRateFactor'>,
  layers: readonly LayerInfo[],
  readText: ReadText,
  script?: string,
): EditRecord[] | undefined => {
  if (prescription.remedies.length === 0 && prescription.learningRateFactor === 1) return undefined;
  for (const program of programsOf(layers, readText, script))
    try {
      const names = layers.map(({ name }) => name);
      const { edits } = editOfTrial(program, prescription, names);
      return edits.flatMap(({ file, edits: own }) =>
        own.map((edit) => ({ file: file.source.path, range: file.source.range(edit), newText: edit.insert })),
      );
    } catch (error) {
      if (!(error instanceof DoesNotFit)) throw error;
    }
  return undefined;
};

/**
 * A trial as an edit of a program.
 * @param layers their names in the model that was tried
 * @throws DoesNotFit
 */
export const editOfTrial = (
  program: Program,
  trial: Pick<Trial, 'remedies' | 'learningRateFactor'>,
  layers: readonly string[],
): SourceEdit => editSourceAll(program, forNetwork(program, usesOf(trial), layers));

/** Lengths that a trial fitted to its own number of steps: in the source they are those of the training there. */
const fitted: Readonly<Record<string, string>> = { 'cosine-annealing-lr': 't_max', 'step-lr': 'step_size' };

const usesOf = ({ remedies, learningRateFactor }: Pick<Trial, 'remedies' | 'learningRateFactor'>): Use[] => {
  const uses = remedies.map((use) => ({
    ...use,
    parameters: Object.fromEntries(Object.entries(use.parameters).filter(([name]) => name !== fitted[use.id])),
  }));
  if (learningRateFactor === 1) return uses;
  const id = learningRateFactor < 1 ? 'lower-lr' : 'raise-lr';
  return [...uses, { id, parameters: { factor: learningRateFactor } }];
};

/** The program that trains first, then the files that the layers come from, those of the most layers first. */
function* programsOf(layers: readonly LayerInfo[], readText: ReadText, script: string | undefined): Generator<Program> {
  const counts = new Map<string, number>(script === undefined ? [] : [[script, Infinity]]);
  for (const { source } of layers) if (source) counts.set(source.file, (counts.get(source.file) ?? 0) + 1);
  const findModule = projectModules(readText);
  for (const [path] of [...counts].sort((a, b) => b[1] - a[1])) {
    const language = languageOf(path);
    const text = language && !path.endsWith('.ipynb') ? readText(path) : undefined;
    if (!language || text === undefined) continue;
    const file = parseSource(path, text, language);
    if (concernsFramework(file.source)) yield programOf(file, findModule);
  }
}

/** In a program of several networks a remedy is for the layers of the one that was diagnosed. */
const forNetwork = (program: Program, uses: readonly Use[], layers: readonly string[]): Use[] => {
  const networks = [...modulePaths(program.trace).values()].filter((paths) => paths.size > 2);
  if (networks.length < 2) return [...uses];
  return uses.map((use) => {
    const isTraining = findRemedy(use.id)?.tier !== 'architecture';
    return isTraining || use.units ? use : { ...use, units: layers };
  });
};
