import * as vscode from 'vscode';
import { commands, notebookCommands, walkthrough } from '../editor/contributions';
import { experimentOf, readSettings, type Settings } from '../editor/settings';
import type { Experiment } from '../protocol/experiment';
import type { Inspection } from '../protocol/inspection';
import type { PanelCommand } from '../protocol/panel-messages';
import type { ProviderInfo } from '../protocol/provider';
import type { LayerInfo } from '../protocol/run';
import { openSource } from './layer-source';
import type { GradientPanel } from './gradient-panel';
import { showInspection } from './inspection-view';
import type { LayersTree } from './layers-tree';
import { findData, pickModel, pickModelOrRun } from './model-picker';
import { layersBelow, type ModuleNode } from './module-tree';
import type { PanelRequest, PanelSources } from './panel-connection';
import type { Prescribed, PrescriptionController } from './prescription-controller';
import { pickProvider } from './provider-picker';
import { pickHandbookPage, showHandbook } from './handbook';
import { symptomOf } from './findings-view';
import type { CudaSupport } from './install-cuda';
import type { RunController } from './run-controller';
import { saveFile, saveRun } from './run-files';
import type { RunLibrary } from './run-library';
import type { RunRecord } from './run-store';
import { inTrust } from './trust';
import { trialName } from '../protocol/trial-ranking';
import type { WorkQueue } from './work-queue';

/** What the commands act on. */
export interface Parts extends PanelSources {
  extension: vscode.Uri;
  queue: WorkQueue;
  controller: RunController;
  prescriptions: PrescriptionController;
  panel: GradientPanel;
  layers: LayersTree;
  inspect: (model: string, signal: AbortSignal) => Promise<Inspection>;
  providers: () => Promise<readonly ProviderInfo[]>;
  cuda: CudaSupport;
  log: vscode.LogOutputChannel;
}

const walkthroughId = `gradient-doctor.gradient-doctor#${walkthrough}`;

/** The sample of the walkthrough, which ships with the extension. */
const samplePath = 'samples/deep_sigmoid/model.onnx';

export function registerCommands(parts: Parts): vscode.Disposable {
  const { library, queue, panel, frozen, log } = parts;
  const handlers: Readonly<Record<keyof typeof commands, (...given: never[]) => unknown>> = {
    diagnose: async (given?: unknown) => {
      const model = await pickModel(given);
      if (model) return diagnoseModel(parts, model);
    },
    diagnoseSample: () => diagnoseModel(parts, vscode.Uri.joinPath(parts.extension, samplePath)),
    getStarted: () => vscode.commands.executeCommand('workbench.action.openWalkthrough', walkthroughId, false),
    prescribe: async (given?: unknown) => {
      await library.load();
      const chosen = await pickModelOrRun(given, library.selected);
      if (chosen instanceof vscode.Uri) return prescribeModel(parts, chosen);
      if (chosen) return prescribeRun(parts, chosen);
    },
    prescribeRun: (given?: unknown) => withRun(library, given, (run) => prescribeRun(parts, run)),
    inspect: async (given?: unknown) => {
      const model = await pickModel(given);
      if (model) await showInspection(model, parts.inspect, log);
    },
    stop: () => {
      queue.stop();
    },
    showPanel: () => panel.reveal(settingsFor(undefined, log).panelLocation),
    openInEditor: () => {
      panel.openInEditor();
    },
    exportRun: (given?: unknown) => withRun(library, given, (run) => saveRun(run, library, parts.searches)),
    selectProvider: () => pickProvider(parts.providers),
    installCuda: () => parts.cuda.ask(),
    showRun: async (run: RunRecord) => {
      library.select(run);
      await panel.reveal(settingsFor(undefined, log).panelLocation, true);
    },
    renameRun: (given?: unknown) => withRun(library, given, (run) => renameRun(library, run)),
    deleteRun: (given?: unknown) => withRun(library, given, (run) => deleteRun(parts, run)),
    showLayer: async (given: unknown) => {
      panel.show(layerNames(given), false);
      await panel.reveal(settingsFor(undefined, log).panelLocation, true);
    },
    isolateLayer: async (node: ModuleNode) => {
      panel.show(layerNames(node), true);
      await panel.reveal(settingsFor(undefined, log).panelLocation, true);
    },
    openLayerSource: (node: ModuleNode) => (node.layer ? openSourceOf(library, node.layer) : undefined),
    freezeLayer: (node: ModuleNode) => freeze(node, true),
    unfreezeLayer: (node: ModuleNode) => freeze(node, false),
    showOutput: () => {
      log.show();
    },
    openHandbook: (given?: unknown) => {
      const symptom = symptomOf(given);
      return symptom ? showHandbook(parts.extension, `symptoms/${symptom}`) : pickHandbookPage(parts.extension);
    },
  };
  const freeze = async (node: ModuleNode, frozenNow: boolean) => {
    const model = library.selected?.header.settings.model;
    const trainable = layersBelow(node).filter(({ parameters }) => parameters.length > 0);
    if (model !== undefined)
      await frozen.set(
        model,
        trainable.map(({ name }) => name),
        frozenNow,
      );
  };
  const names = Object.keys(handlers) as (keyof typeof commands)[];
  return vscode.Disposable.from(
    ...names.map((name) => vscode.commands.registerCommand(commands[name], inTrust(commands[name], handlers[name]))),
  );
}

/** Does what a panel asks for. */
export function handlePanelRequest(
  { extension, library, searches, layers, frozen, edits }: PanelSources & Pick<Parts, 'extension' | 'layers'>,
  request: PanelRequest,
): void {
  switch (request.type) {
    case 'layer':
      void layers.reveal(request.layer);
      break;
    case 'source': {
      const layer = library.selected?.header.layout.layers.find(({ name }) => name === request.layer);
      if (layer) void openSourceOf(library, layer);
      break;
    }
    case 'freeze': {
      const model = library.selected?.header.settings.model;
      if (model !== undefined) void frozen.set(model, [request.layer], request.frozen);
      break;
    }
    case 'explain':
      void showHandbook(extension, `symptoms/${request.symptom}`);
      break;
    case 'explainRemedy':
      void showHandbook(extension, `remedies/${request.remedy}`);
      break;
    case 'apply': {
      const run = library.find(request.id);
      if (run && edits)
        void searches.of(run).then((search) => {
          const trial = search?.trials[request.trial];
          return trial && edits.apply(run, trial);
        });
      break;
    }
    case 'notebook':
      void vscode.commands.executeCommand(notebookCommands.openAsNotebook, request.id, request.trial);
      break;
    case 'save':
      void saveFile(request.name, request.content);
      break;
    case 'command':
      void vscode.commands.executeCommand(panelCommandIds[request.command]);
  }
}

const panelCommandIds: Readonly<Record<PanelCommand, string>> = {
  diagnose: commands.diagnose,
  diagnoseSample: commands.diagnoseSample,
  prescribeRun: commands.prescribeRun,
  stop: commands.stop,
  exportRun: commands.exportRun,
  openInEditor: commands.openInEditor,
};

/** The settings that hold for a model; what is not valid is said and replaced by its default. */
export function settingsFor(model: vscode.Uri | undefined, log: vscode.LogOutputChannel): Settings {
  const configuration = vscode.workspace.getConfiguration('gradientDoctor', model);
  const { settings, problems } = readSettings((name) => configuration.get(name), vscode.l10n.t);
  for (const problem of problems) log.warn(problem);
  if (problems.length > 0) void tellInvalidSettings(problems);
  return settings;
}

async function tellInvalidSettings(problems: readonly string[]): Promise<void> {
  const open = vscode.l10n.t('Open Settings');
  const text = vscode.l10n.t('Settings that are not valid were not used. {0}', problems.join(' '));
  if ((await vscode.window.showWarningMessage(text, open)) === open)
    await vscode.commands.executeCommand('workbench.action.openSettings', '@ext:gradient-doctor.gradient-doctor');
}

/** What the settings say is to be done with a model. */
async function settingsAndExperiment(
  { frozen, log }: Parts,
  model: vscode.Uri,
): Promise<{ settings: Settings; experiment: Experiment }> {
  const settings = settingsFor(model, log);
  const data = await findData(model, settings.data);
  log.info(data === undefined ? `${model.fsPath}: synthetic data` : `${model.fsPath}: data from ${data}`);
  return { settings, experiment: experimentOf(settings, model.fsPath, data, frozen.of(model.fsPath)) };
}

async function diagnoseModel(parts: Parts, model: vscode.Uri): Promise<void> {
  const { settings, experiment } = await settingsAndExperiment(parts, model);
  await parts.panel.reveal(settings.panelLocation, true);
  const run = await parts.controller.run(experiment);
  if (run?.end && run.end.kind !== 'failed') await tellVerdict(run);
}

async function prescribeModel(parts: Parts, model: vscode.Uri): Promise<void> {
  const { settings, experiment } = await settingsAndExperiment(parts, model);
  await parts.panel.reveal(settings.panelLocation, true);
  await tellPrescription(parts, await parts.prescriptions.prescribeModel(experiment, settings.prescribeBudget));
}

async function prescribeRun(parts: Parts, run: RunRecord): Promise<void> {
  if (!run.end || parts.searches.goesOn(run)) {
    void vscode.window.showInformationMessage(vscode.l10n.t('{0} is still running. Stop it first.', run.name));
    return;
  }
  const settings = settingsFor(vscode.Uri.file(run.header.settings.model), parts.log);
  parts.library.select(run);
  await parts.panel.reveal(settings.panelLocation, true);
  await tellPrescription(parts, await parts.prescriptions.prescribeRun(run, settings.prescribeBudget));
}

/** One notification when a search has ended: what helps, and the way to what was tried. */
async function tellPrescription({ library, panel, log }: Parts, prescribed: Prescribed | undefined): Promise<void> {
  if (!prescribed) return;
  const { run, end, result } = prescribed;
  const [best] = result.prescriptions;
  const tried = result.trials.filter(({ outcome }) => outcome !== 'skipped').length;
  if (result.trials.length === 0) {
    if (end.kind === 'finished')
      void vscode.window.showInformationMessage(vscode.l10n.t('{0}: healthy, there is nothing to mend.', run.name));
    return;
  }
  const text = !best
    ? vscode.l10n.t('{0}: nothing of what was tried helps ({1} trials).', run.name, tried)
    : best.healthy
      ? vscode.l10n.t('{0}: {1} makes it healthy ({2} trials).', run.name, trialName(best), tried)
      : vscode.l10n.t('{0}: {1} helps, but does not make it healthy ({2} trials).', run.name, trialName(best), tried);
  const show = vscode.l10n.t('Show Trials');
  if ((await vscode.window.showInformationMessage(text, show)) !== show) return;
  library.select(library.find(run.id) ?? run);
  await panel.reveal(settingsFor(undefined, log).panelLocation);
}

/** One notification when a run has ended: the worst finding in words, and the way to the others. */
export async function tellVerdict({ name, findings, end }: RunRecord): Promise<void> {
  const counted = findings.filter(({ severity }) => severity !== 'information');
  const worst = counted.find(({ severity }) => severity === 'error') ?? counted[0];
  if (!worst) {
    if (end?.kind === 'finished')
      void vscode.window.showInformationMessage(vscode.l10n.t('{0}: healthy, no symptom was found.', name));
    return;
  }
  const show = vscode.l10n.t('Show Findings');
  const text =
    counted.length > 1
      ? vscode.l10n.t('{0}: {1} (and {2} more)', name, worst.message, counted.length - 1)
      : vscode.l10n.t('{0}: {1}', name, worst.message);
  if ((await vscode.window.showWarningMessage(text, show)) === show)
    await vscode.commands.executeCommand('gradientDoctor.findings.focus');
}

async function withRun(library: RunLibrary, given: unknown, act: (run: RunRecord) => Promise<unknown>): Promise<void> {
  await library.load();
  const run = library.runs.find((record) => record === given) ?? library.selected;
  if (run) await act(run);
  else void vscode.window.showInformationMessage(vscode.l10n.t('There is no run yet. Diagnose a model first.'));
}

async function renameRun(library: RunLibrary, run: RunRecord): Promise<void> {
  const name = await vscode.window.showInputBox({
    title: vscode.l10n.t('Rename Run'),
    value: run.name,
    validateInput: (value) => (value.trim() === '' ? vscode.l10n.t('A run needs a name.') : undefined),
  });
  if (name !== undefined) await library.rename(run, name.trim());
}

async function deleteRun({ library, searches }: Parts, run: RunRecord): Promise<void> {
  if (!run.end || searches.goesOn(run)) {
    void vscode.window.showInformationMessage(vscode.l10n.t('{0} is still running. Stop it first.', run.name));
    return;
  }
  const remove = vscode.l10n.t('Delete');
  const question = vscode.l10n.t('Delete the run {0}? This cannot be undone.', run.name);
  if ((await vscode.window.showWarningMessage(question, { modal: true }, remove)) === remove) await library.remove(run);
}

/** A layer by name, or all layers at and below a node of the tree. */
const layerNames = (given: unknown): string[] =>
  typeof given === 'string'
    ? [given]
    : isDetail(given)
      ? [given.layer]
      : layersBelow(given as ModuleNode).map(({ name }) => name);

const isDetail = (given: unknown): given is { layer: string } =>
  typeof given === 'object' && given !== null && 'layer' in given && typeof given.layer === 'string';

async function openSourceOf(library: RunLibrary, { source, created = source }: LayerInfo): Promise<void> {
  if (created) await openSource(created, library.selected?.header.settings.model);
}
