import * as vscode from 'vscode';
import { randomBytes } from 'node:crypto';

/** Where the bundles of the webviews lie. */
export const webviewFolder = (extension: vscode.Uri): vscode.Uri => vscode.Uri.joinPath(extension, 'dist/webview');

/** The page of the gradient panel: one script, one stylesheet, and nothing else may be loaded or run. */
export function panelHtml(webview: vscode.Webview, extension: vscode.Uri): string {
  const file = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(webviewFolder(extension), name)).toString();
  const nonce = randomBytes(16).toString('base64');
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource} 'nonce-${nonce}'`,
    `font-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} data: blob:`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="${policy}">
    <meta property="csp-nonce" content="${nonce}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${vscode.l10n.t('Gradient Panel')}</title>
    <link rel="stylesheet" href="${file('panel.css')}">
  </head>
  <body>
    <script type="module" nonce="${nonce}" src="${file('panel.js')}"></script>
  </body>
</html>`;
}
