import * as vscode from 'vscode';
import { basename } from 'node:path';
import type { Inspection } from '../protocol/inspection';
import { inspectionDocument } from './inspection-document';

const scheme = 'gradient-doctor-inspection';

/** The documents that "Inspect Model" shows, by address. They are made anew when a model is inspected again. */
class InspectionDocuments implements vscode.TextDocumentContentProvider {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;

  set(uri: vscode.Uri, text: string): void {
    this.texts.set(uri.toString(), text);
    this.changed.fire(uri);
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return (
      this.texts.get(uri.toString()) ??
      vscode.l10n.t('This inspection is from an earlier session. Run Inspect Model again.')
    );
  }
}

const documents = new InspectionDocuments();

export const registerInspections = (): vscode.Disposable =>
  vscode.workspace.registerTextDocumentContentProvider(scheme, documents);

/** Inspects a model and shows what was found as a rendered Markdown document. */
export async function showInspection(
  model: vscode.Uri,
  inspect: (model: string, signal: AbortSignal) => Promise<Inspection>,
  log: vscode.LogOutputChannel,
): Promise<void> {
  const name = basename(model.fsPath);
  const abort = new AbortController();
  try {
    const inspection = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t('Inspecting {0}', name),
        cancellable: true,
      },
      (_progress, token) => {
        token.onCancellationRequested(() => {
          abort.abort();
        });
        return inspect(model.fsPath, abort.signal);
      },
    );
    const uri = vscode.Uri.from({ scheme, path: `/${name}.md`, query: model.fsPath });
    documents.set(
      uri,
      inspectionDocument(inspection, (message, ...values) => vscode.l10n.t(message, ...values)),
    );
    await vscode.commands.executeCommand('markdown.showPreview', uri);
  } catch (error) {
    if (abort.signal.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    log.error(reason);
    void vscode.window.showErrorMessage(reason);
  }
}
