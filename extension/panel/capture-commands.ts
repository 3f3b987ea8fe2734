import * as vscode from 'vscode';
import { askConstruction, classAt, rememberedConstruction, type AskedClass } from '../capture/module-questions';
import { captureCommands } from '../editor/contributions';
import type { Experiment } from '../protocol/experiment';
import type { CaptureController } from './capture-controller';
import type { GradientPanel } from './gradient-panel';
import type { RunController } from './run-controller';
import type { RunLibrary } from './run-library';
import type { RunRecord } from './run-store';
import { inTrust } from './trust';

interface Parts {
  captures: CaptureController;
  controller: RunController;
  library: RunLibrary;
  panel: GradientPanel;
  memory: vscode.Memento;
  /** The classes of modules in a document, with what it tells of them. */
  modulesIn: (document: vscode.TextDocument) => Promise<readonly AskedClass[]>;
  /** Shows the panel where the settings say. */
  reveal: () => Promise<void>;
  tellVerdict: (run: RunRecord) => Promise<void>;
}

export function registerCaptureCommands(parts: Parts): vscode.Disposable {
  const { captures, library, panel, memory } = parts;
  const handlers: Readonly<Record<keyof typeof captureCommands, (...given: unknown[]) => unknown>> = {
    diagnoseScript: async (given) => {
      const script = scriptOf(given);
      if (script) await diagnose(parts, await captures.captureScript(script));
    },
    diagnoseModule: async (given, at) => {
      const script = scriptOf(given);
      if (!script) return;
      const module = isClass(at) ? at : await classAtCursor(parts, script);
      if (module === undefined) {
        void vscode.window.showInformationMessage(
          vscode.l10n.t('Put the cursor into a class that is an nn.Module, at the top level of a file.'),
        );
        return;
      }
      const ask = () => askConstruction(memory, script.fsPath, module);
      const construction = rememberedConstruction(memory, script.fsPath, module.name) ?? (await ask());
      if (construction) await diagnose(parts, await captures.captureModule(script, construction, ask));
    },
    measureAgain: async (given) => {
      await library.load();
      const before = library.runs.find((record) => record === given) ?? library.selected;
      if (!before) {
        void vscode.window.showInformationMessage(vscode.l10n.t('There is no run yet. Diagnose a model first.'));
        return undefined;
      }
      const after = await diagnose(parts, await captures.recapture(before), before.name);
      if (after) panel.compare([before.id]);
      return after;
    },
  };
  const names = Object.keys(handlers) as (keyof typeof captureCommands)[];
  return vscode.Disposable.from(
    ...names.map((name) =>
      vscode.commands.registerCommand(captureCommands[name], inTrust(captureCommands[name], handlers[name])),
    ),
  );
}

/** Runs a captured experiment and says how it ended. Undefined where there was none, or it did not come to a step. */
async function diagnose(
  { controller, reveal, tellVerdict }: Parts,
  experiment: Experiment | undefined,
  name?: string,
): Promise<RunRecord | undefined> {
  if (!experiment) return undefined;
  await reveal();
  const run = await controller.run(experiment, name);
  if (run?.end && run.end.kind !== 'failed') void tellVerdict(run);
  return run;
}

/** The Python file a command is about: the one it was called on, else the one being edited. */
function scriptOf(given: unknown): vscode.Uri | undefined {
  const active = vscode.window.activeTextEditor?.document;
  const script = given instanceof vscode.Uri ? given : active?.languageId === 'python' ? active.uri : undefined;
  if (script?.scheme === 'file') return script;
  void vscode.window.showInformationMessage(vscode.l10n.t('Open a Python file on disk first.'));
  return undefined;
}

const isClass = (given: unknown): given is AskedClass => typeof given === 'object' && given !== null && 'name' in given;

async function classAtCursor({ modulesIn }: Parts, script: vscode.Uri): Promise<AskedClass | undefined> {
  const editor = vscode.window.visibleTextEditors.find(({ document }) => document.uri.toString() === script.toString());
  const name = editor && classAt(editor.document, editor.selection.active.line);
  if (name === undefined) return undefined;
  return (await modulesIn(editor!.document)).find((module) => module.name === name) ?? { name };
}
