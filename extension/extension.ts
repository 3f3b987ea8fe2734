import * as vscode from 'vscode';
import { diagnose } from './diagnosis/diagnose';
import { contexts } from './editor/contributions';
import { readSettings } from './editor/settings';
import { registerSourceFeatures } from './editor/source-features';
import { handlePanelRequest, registerCommands } from './panel/commands';
import { FindingsView } from './panel/findings-view';
import { FrozenLayers } from './panel/frozen-layers';
import { GradientPanel } from './panel/gradient-panel';
import { registerInspections } from './panel/inspection-view';
import { LayersTree } from './panel/layers-tree';
import { RunController } from './panel/run-controller';
import { RunLibrary } from './panel/run-library';
import { RunStore } from './panel/run-store';
import { RunsView } from './panel/runs-view';
import { statusBarItem } from './panel/status-bar';
import { registerNotebooks } from './notebook/register';
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
    log: (line) => {
      log.debug(line);
    },
  };
  const trainer = new Trainer(trainerOptions);
  const library = new RunLibrary(store, (run) => diagnose(run, settings().thresholds), log);
  const controller = new RunController(
    library,
    (experiment, events, signal) => trainer.train(experiment, { ...events, signal }),
    log,
  );
  const frozen = new FrozenLayers(context.workspaceState);
  const layers = new LayersTree(library, frozen);
  const panel = new GradientPanel(
    context.extensionUri,
    library,
    frozen,
    (request) => {
      handlePanelRequest({ extension: context.extensionUri, library, layers, frozen }, request);
    },
    log,
  );
  context.subscriptions.push(
    log,
    trainer,
    library,
    controller,
    frozen,
    layers,
    panel,
    new FindingsView(library),
    new RunsView(library),
    statusBarItem(controller),
    registerInspections(),
    registerNotebooks({ extension: context.extensionUri, library, trainer: trainerOptions, log }),
    registerSourceFeatures({ extension: context.extensionUri, log }),
    registerCommands({
      extension: context.extensionUri,
      library,
      controller,
      panel,
      layers,
      frozen,
      inspect: (model, signal) => trainer.inspect(model, { signal }),
      providers: () => trainer.providers(),
      log,
    }),
    library.onDidChange(() => {
      void vscode.commands.executeCommand('setContext', contexts.hasRun, library.runs.length > 0);
    }),
  );
  library.load().catch((error: unknown) => {
    log.error(`The stored runs could not be read: ${String(error)}`);
  });
}
