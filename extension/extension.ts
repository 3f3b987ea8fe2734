import * as vscode from 'vscode';
import { diagnose } from './diagnosis/diagnose';
import { contexts } from './editor/contributions';
import { readSettings } from './editor/settings';
import { registerSourceFeatures } from './editor/source-features';
import { Consent } from './capture/consent';
import { registerCaptureCommands } from './panel/capture-commands';
import { CaptureController } from './panel/capture-controller';
import { handlePanelRequest, registerCommands, settingsFor, tellVerdict } from './panel/commands';
import { FindingsView } from './panel/findings-view';
import { FrozenLayers } from './panel/frozen-layers';
import { GradientPanel } from './panel/gradient-panel';
import { CudaSupport } from './panel/install-cuda';
import { registerInspections } from './panel/inspection-view';
import { LayersTree } from './panel/layers-tree';
import { loadPrescribe } from './panel/load-prescribe';
import { PrescriptionController } from './panel/prescription-controller';
import type { PanelSources } from './panel/panel-connection';
import { RunController, type Train } from './panel/run-controller';
import { RunLibrary } from './panel/run-library';
import { RunStore } from './panel/run-store';
import { RunsView } from './panel/runs-view';
import { SearchLibrary } from './panel/search-library';
import { statusBarItem } from './panel/status-bar';
import { WorkQueue } from './panel/work-queue';
import { registerNotebooks } from './notebook/register';
import type { Run } from './protocol/run';
import type { Translate } from './protocol/text';
import { Trainer, type TrainerOptions } from './trainer/host';

/** Puts the features together, nothing more. */
export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Gradient Doctor', { log: true });
  const settings = () => {
    const configuration = vscode.workspace.getConfiguration('gradientDoctor');
    return readSettings((name) => configuration.get(name)).settings;
  };
  const { keepRuns, runStorageMegabytes } = settings();
  const storage = vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, 'runs').fsPath;
  const store = new RunStore(storage, {
    runs: keepRuns,
    bytes: runStorageMegabytes * 2 ** 20,
  });
  const trainerOptions: TrainerOptions = {
    path: vscode.Uri.joinPath(context.extensionUri, 'dist/trainer.js').fsPath,
    environment: () => cuda.environment(),
    log: (line) => {
      log.debug(line);
    },
  };
  const trainer = new Trainer(trainerOptions);
  /** Answers a short question without waiting for a run to end. */
  const ask = async <T>(question: (trainer: Trainer) => Promise<T>): Promise<T> => {
    if (!trainer.isBusy) return question(trainer);
    const other = new Trainer(trainerOptions);
    try {
      return await question(other);
    } finally {
      await other.dispose();
    }
  };
  const cuda = new CudaSupport(context.globalStorageUri, trainerOptions.path, () => trainer.restart(), log);
  const useCudaLibrary = () => {
    const path = settings()['cuda.libraryPath'];
    if (path) void cuda.useLibrary(path);
  };
  const translated: Translate = (text, ...values) => vscode.l10n.t(text, ...values);
  const diagnoseRun = (run: Run) => diagnose(run, settings().thresholds, translated);
  const library = new RunLibrary(store, diagnoseRun, log);
  const searches = new SearchLibrary(store, log);
  const train: Train = (experiment, events, signal) => trainer.train(experiment, { ...events, signal });
  const queue = new WorkQueue();
  const controller = new RunController(queue, library, train, log);
  const prescriptions = new PrescriptionController({
    queue,
    runs: controller,
    library,
    searches,
    train,
    diagnose: diagnoseRun,
    load: loadPrescribe,
    log,
  });
  const frozen = new FrozenLayers(context.workspaceState);
  const layers = new LayersTree(library, frozen);
  const source = registerSourceFeatures({ context, library, searches, log });
  const sources: PanelSources = { library, searches, frozen, edits: source.edits };
  const panel = new GradientPanel(
    context.extensionUri,
    sources,
    (request) => {
      handlePanelRequest({ ...sources, extension: context.extensionUri, layers }, request);
    },
    log,
  );
  const captures = new CaptureController({
    queue,
    library,
    consent: new Consent(context.workspaceState),
    shim: vscode.Uri.joinPath(context.extensionUri, 'dist/gradient_doctor_capture').fsPath,
    storage: vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, 'captures').fsPath,
    log,
  });
  context.subscriptions.push(
    log,
    trainer,
    library,
    searches,
    queue,
    frozen,
    layers,
    panel,
    new FindingsView(library),
    new RunsView(library),
    statusBarItem(queue),
    registerInspections(),
    registerNotebooks({
      id: context.extension.id,
      extension: context.extensionUri,
      library,
      searches,
      edits: source.edits,
      trainer: trainerOptions,
      log,
    }),
    source,
    registerCommands({
      ...sources,
      extension: context.extensionUri,
      queue,
      controller,
      prescriptions,
      panel,
      layers,
      inspect: (model, signal) => ask((idle) => idle.inspect(model, { signal })),
      providers: () => ask((idle) => idle.providers()),
      cuda,
      log,
    }),
    registerCaptureCommands({
      captures,
      controller,
      library,
      panel,
      memory: context.workspaceState,
      modulesIn: (document) => source.modulesIn(document),
      reveal: () => panel.reveal(settingsFor(undefined, log).panelLocation, true),
      tellVerdict,
    }),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('gradientDoctor.cuda.libraryPath')) useCudaLibrary();
    }),
    library.onDidChange(() => {
      void vscode.commands.executeCommand('setContext', contexts.hasRun, library.runs.length > 0);
    }),
  );
  library.load().catch((error: unknown) => {
    log.error(`The stored runs could not be read: ${String(error)}`);
  });
}
