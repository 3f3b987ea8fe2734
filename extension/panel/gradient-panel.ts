import * as vscode from 'vscode';
import { panelViewType, views } from '../editor/contributions';
import { PanelConnection, type PanelRequest, type PanelSources } from './panel-connection';
import { panelHtml, webviewFolder } from './panel-html';

/** The gradient panel wherever it is open: in the side bar, in an editor, or in both. */
export class GradientPanel implements vscode.WebviewViewProvider, vscode.WebviewPanelSerializer, vscode.Disposable {
  private readonly connections = new Set<PanelConnection>();
  private readonly registrations: vscode.Disposable;
  private editor: vscode.WebviewPanel | undefined;
  private view: vscode.WebviewView | undefined;
  private pending: { layers: readonly string[]; isolate: boolean } | undefined;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly sources: PanelSources,
    private readonly handle: (request: PanelRequest) => void,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.registrations = vscode.Disposable.from(
      vscode.window.registerWebviewViewProvider(views.panel, this),
      vscode.window.registerWebviewPanelSerializer(panelViewType, this),
    );
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    const connection = this.connect(view.webview, view.onDidDispose);
    view.onDidChangeVisibility(() => {
      if (!view.visible) connection.hidden();
    });
    view.onDidDispose(() => {
      this.view = undefined;
    });
  }

  /** After a reload: VS Code brings the editor back, the host fills it. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.adopt(panel);
    return Promise.resolve();
  }

  /** Opens the panel in an editor, or shows the one that is open. */
  openInEditor(column: vscode.ViewColumn = vscode.ViewColumn.Active, preserveFocus = false): void {
    if (this.editor) {
      this.editor.reveal(undefined, preserveFocus);
      return;
    }
    this.adopt(
      vscode.window.createWebviewPanel(panelViewType, vscode.l10n.t('Gradient Panel'), {
        viewColumn: column,
        preserveFocus,
      }),
    );
  }

  /** Shows the panel where the user has it, else where the setting says. */
  async reveal(location: 'editor' | 'sideBar', preserveFocus = false): Promise<void> {
    if (this.editor) this.editor.reveal(undefined, preserveFocus);
    else if (this.view?.visible) this.view.show(preserveFocus);
    else if (location === 'editor') this.openInEditor(vscode.ViewColumn.Active, preserveFocus);
    else await vscode.commands.executeCommand(`${views.panel}.focus`, { preserveFocus });
  }

  /** Points out layers in every open panel, and in the next one to open if there is none. */
  show(layers: readonly string[], isolate: boolean): void {
    this.pending = this.connections.size === 0 ? { layers, isolate } : undefined;
    for (const connection of this.connections) connection.show(layers, isolate);
  }

  /** Lays runs beside the selected one. */
  compare(runs: readonly string[]): void {
    for (const connection of this.connections) connection.compare(runs);
  }

  dispose(): void {
    this.registrations.dispose();
    for (const connection of this.connections) connection.dispose();
    this.editor?.dispose();
  }

  private adopt(panel: vscode.WebviewPanel): void {
    this.editor = panel;
    panel.iconPath = {
      light: vscode.Uri.joinPath(this.extension, 'media/panel-light.svg'),
      dark: vscode.Uri.joinPath(this.extension, 'media/panel-dark.svg'),
    };
    const connection = this.connect(panel.webview, panel.onDidDispose);
    panel.onDidChangeViewState(() => {
      if (!panel.visible) connection.hidden();
    });
    panel.onDidDispose(() => {
      this.editor = undefined;
    });
  }

  private connect(webview: vscode.Webview, onDidDispose: vscode.Event<void>): PanelConnection {
    webview.options = { enableScripts: true, localResourceRoots: [webviewFolder(this.extension)] };
    const connection = new PanelConnection(webview, this.sources, this.handle, this.log);
    this.connections.add(connection);
    onDidDispose(() => {
      connection.dispose();
      this.connections.delete(connection);
    });
    if (this.pending) connection.show(this.pending.layers, this.pending.isolate);
    this.pending = undefined;
    // Last: the page may answer at once.
    webview.html = panelHtml(webview, this.extension);
    return connection;
  }
}
