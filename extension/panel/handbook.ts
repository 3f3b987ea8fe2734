import * as vscode from 'vscode';

/** The parts of the handbook, each a folder with one page per id. */
const parts = ['symptoms', 'remedies'] as const;

interface PageItem extends vscode.QuickPickItem {
  /** Undefined for what only separates. */
  page?: string;
}

/**
 * Shows a page of the handbook, which ships with the extension.
 * @param page `symptoms/<id>`, `remedies/<id>` or `README`
 */
export async function showHandbook(extension: vscode.Uri, page: string): Promise<void> {
  await vscode.commands.executeCommand('markdown.showPreview', pageUri(extension, page));
}

/** Lets the user choose a page by symptom or remedy. */
export async function pickHandbookPage(extension: vscode.Uri): Promise<void> {
  const overview: PageItem = { label: vscode.l10n.t('Overview: all remedies compared'), page: 'README' };
  const listed = Promise.all(parts.map((part) => pagesOf(extension, part))).then((items) => [
    overview,
    ...items.flat(),
  ]);
  const picked = await vscode.window.showQuickPick(listed, {
    title: vscode.l10n.t('Handbook'),
    placeHolder: vscode.l10n.t('A symptom or a remedy'),
    matchOnDescription: true,
  });
  if (picked?.page !== undefined) await showHandbook(extension, picked.page);
}

async function pagesOf(extension: vscode.Uri, part: (typeof parts)[number]): Promise<PageItem[]> {
  const folder = vscode.Uri.joinPath(extension, 'docs/handbook', part);
  const ids = (await vscode.workspace.fs.readDirectory(folder)).map(([name]) => name.slice(0, -'.md'.length));
  const pages = await Promise.all(
    ids.map(async (id): Promise<PageItem> => {
      const page = `${part}/${id}`;
      const text = Buffer.from(await vscode.workspace.fs.readFile(pageUri(extension, page))).toString('utf8');
      return { label: /^# (.*)$/m.exec(text)?.[1] ?? id, description: id, page };
    }),
  );
  return [
    {
      label: part === 'symptoms' ? vscode.l10n.t('Symptoms') : vscode.l10n.t('Remedies'),
      kind: vscode.QuickPickItemKind.Separator,
    },
    ...pages.sort((a, b) => a.label.localeCompare(b.label)),
  ];
}

const pageUri = (extension: vscode.Uri, page: string): vscode.Uri =>
  vscode.Uri.joinPath(extension, 'docs/handbook', `${page}.md`);
