/** Captures models out of the user's scripts, diagnoses them, and measures again after an edit. */
import * as vscode from 'vscode';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { captureScript } from '../capture/capture-script';
import type { Capture } from '../capture/captured-experiment';
import type { Consent } from '../capture/consent';
import { choosePython } from '../capture/python-choice';
import { experimentOf, readSettings, type Settings } from '../editor/settings';
import { RunError } from '../protocol/errors';
import type { CaptureOrigin, Experiment, ModuleConstruction } from '../protocol/experiment';
import type { RunLibrary } from './run-library';
import type { RunRecord } from './run-store';
import type { WorkQueue } from './work-queue';

interface Parts {
  queue: WorkQueue;
  library: RunLibrary;
  consent: Consent;
  /** The folder of the shim. */
  shim: string;
  /** Captured models go into folders of their own in here. */
  storage: string;
  log: vscode.LogOutputChannel;
}

export class CaptureController {
  constructor(private readonly parts: Parts) {}

  /** Asks, runs the script, and returns the experiment that it is. Undefined where the user declines or it failed. */
  async captureScript(script: vscode.Uri): Promise<Experiment | undefined> {
    const wanted = await this.parts.consent.ask(await this.originOf(script));
    return wanted && this.capture(wanted);
  }

  /** @param change asks for other arguments and inputs */
  async captureModule(
    script: vscode.Uri,
    construct: ModuleConstruction,
    change: () => Promise<ModuleConstruction | undefined>,
  ): Promise<Experiment | undefined> {
    const wanted = await this.parts.consent.askForModule(await this.originOf(script), construct, change);
    return wanted && this.capture(wanted);
  }

  /**
   * Captures the model of a run again, from the source as it is now, to be run as the run was: provider, seed and steps
   * are the run's, what the script says is the script's. A model that was not captured is read again.
   */
  async recapture({ header: { settings } }: RunRecord): Promise<Experiment | undefined> {
    const { provider, seed, steps, threads, capture } = settings;
    if (!capture) return settings;
    const again = await this.capture(capture);
    return again && { ...again, provider, seed, steps, threads };
  }

  private async originOf(script: vscode.Uri): Promise<CaptureOrigin> {
    const path = script.fsPath;
    return {
      python: await choosePython(script),
      script: path,
      args: [],
      // As the editor itself runs files.
      cwd: vscode.workspace.getWorkspaceFolder(script)?.uri.fsPath ?? dirname(path),
    };
  }

  private async capture(origin: CaptureOrigin): Promise<Experiment | undefined> {
    const { queue, log, shim, storage } = this.parts;
    // The script is run from disk.
    if (!(await vscode.workspace.saveAll(false))) return undefined;
    const name = origin.construct?.class ?? basename(origin.script);
    const configuration = vscode.workspace.getConfiguration('gradientDoctor', vscode.Uri.file(origin.script));
    const { settings } = readSettings((setting) => configuration.get(setting));
    await this.forgetOldCaptures();
    const out = join(storage, `${new Date().toISOString().replaceAll(/\D/g, '')}-${name.replaceAll(/\W/g, '_')}`);
    const capture = await queue.run(name, vscode.l10n.t('Capturing {0}', name), async ({ signal, report }) => {
      report({
        message: origin.construct
          ? vscode.l10n.t('constructing it and calling it once')
          : vscode.l10n.t('running the script up to backward()'),
      });
      log.info(`${name}: ${origin.python} ${origin.script} ${origin.args.join(' ')} in ${origin.cwd}`);
      try {
        return await captureScript(origin, {
          shim,
          out,
          timeoutSeconds: settings.captureTimeout,
          signal,
          log: (line) => {
            log.info(`${name}: ${line}`);
          },
        });
      } catch (error) {
        if (!signal.aborted) this.tellFailure(name, error);
        return undefined;
      }
    });
    if (!capture) return undefined;
    for (const note of capture.notes) log.info(`${name}: ${note}`);
    return this.experimentOf(capture, settings);
  }

  private experimentOf({ experiment }: Capture, settings: Settings): Experiment {
    // What trains it and for how long is the user's choice; everything else is the script's.
    const { provider, seed, steps, threads, optimizer, remedies } = experimentOf(
      settings,
      experiment.model,
      undefined,
      [],
    );
    return { provider, seed, steps, threads, optimizer, remedies, ...experiment };
  }

  private tellFailure(name: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.parts.log.error(`${name}: ${reason}`);
    const show = vscode.l10n.t('Show Output');
    void vscode.window
      .showErrorMessage(reason, ...(error instanceof RunError || reason.includes('output') ? [show] : []))
      .then((answer) => {
        if (answer === show) this.parts.log.show();
      });
  }

  /** Captures live as long as a run of theirs. */
  private async forgetOldCaptures(): Promise<void> {
    const { library, storage, log } = this.parts;
    await library.load();
    const used = new Set(library.runs.map(({ header }) => basename(dirname(header.settings.model))));
    const folders = await readdir(storage).catch(() => []);
    await Promise.all(
      folders
        .filter((folder) => !used.has(folder))
        .map((folder) => rm(join(storage, folder), { recursive: true, force: true })),
    ).catch((error: unknown) => {
      log.warn(`An old capture could not be removed: ${String(error)}`);
    });
  }
}
