import * as vscode from 'vscode';
import { basename, extname } from 'node:path';
import { csvOfNotebook, jsonOf } from './export/data';
import { htmlDocument } from './export/html';
import { markdownOf } from './export/markdown';
import { folderOf, isExperimentNotebook } from './documents';
import { writing } from '../panel/run-files';
import { toNotebook } from './serializer';

/** Lets the user choose where the notebook goes, and by the extension in which form. */
export async function exportNotebook(): Promise<void> {
  const document = vscode.window.activeNotebookEditor?.notebook;
  if (!document || !isExperimentNotebook(document)) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Open an experiment notebook to export it.'));
    return;
  }
  const stem = basename(document.uri.path, '.gradnb');
  const uri = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export Notebook'),
    defaultUri: vscode.Uri.joinPath(vscode.Uri.file(folderOf(document)), `${stem}.html`),
    filters: {
      [vscode.l10n.t('HTML, one file')]: ['html'],
      [vscode.l10n.t('Markdown, with pictures beside it')]: ['md'],
      [vscode.l10n.t('JSON: all results as numbers')]: ['json'],
      [vscode.l10n.t('CSV: every number of every run')]: ['csv'],
    },
  });
  if (!uri) return;
  await writing(uri, async () => {
    for (const [file, content] of await filesOf(document, uri))
      await vscode.workspace.fs.writeFile(file, Buffer.from(content));
  });
}

async function filesOf(document: vscode.NotebookDocument, uri: vscode.Uri): Promise<[vscode.Uri, string][]> {
  const notebook = toNotebook(document);
  switch (extname(uri.path).toLowerCase()) {
    case '.md': {
      const { text, pictures } = markdownOf(notebook, `${basename(uri.path, extname(uri.path))}_files`);
      const beside = [...pictures].map(([name, svg]): [vscode.Uri, string] => [
        vscode.Uri.joinPath(uri, '..', name),
        svg,
      ]);
      return [[uri, text], ...beside];
    }
    case '.json':
      return [[uri, jsonOf(notebook)]];
    case '.csv':
      return [[uri, [...csvOfNotebook(notebook)].join('')]];
    default:
      return [[uri, await htmlDocument(notebook, basename(uri.path, extname(uri.path)), renderMarkdown)]];
  }
}

/** By the editor's own Markdown extension, which knows the flavour that the notebook is shown in. */
const renderMarkdown = async (markdown: string): Promise<string> =>
  vscode.commands.executeCommand<string>('markdown.api.render', markdown);
