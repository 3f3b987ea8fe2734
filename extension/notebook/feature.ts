/** Everything of notebooks that needs an open notebook. A bundle of its own, loaded when there is one: see `register.ts`. */
import * as vscode from 'vscode';
import { version } from '../../package.json';
import type { RunLibrary } from '../panel/run-library';
import type { SearchLibrary } from '../panel/search-library';
import type { SourceEdits } from '../panel/source-edits';
import type { TrainerOptions } from '../trainer/host';
import { CellStatus } from './cell-status';
import { NotebookControllers } from './controllers';
import { notebookType } from './identity';
import { registerLanguage } from './language';
import { registerRendererHost } from './renderer-host';

export { exportNotebook } from './export-notebook';
export { newNotebook, openAsNotebook } from './new-notebook';
export { deserialize, serialize } from './serializer';

export interface NotebookParts {
  /** Of the extension. */
  id: string;
  extension: vscode.Uri;
  library: RunLibrary;
  searches: SearchLibrary;
  edits: SourceEdits;
  trainer: TrainerOptions;
  log: vscode.LogOutputChannel;
}

export function start({ id, extension, library, edits, trainer, log }: NotebookParts): vscode.Disposable {
  const status = new CellStatus();
  const shim = vscode.Uri.joinPath(extension, 'dist/gradient_doctor_capture').fsPath;
  return vscode.Disposable.from(
    status,
    vscode.notebooks.registerNotebookCellStatusBarItemProvider(notebookType, status),
    new NotebookControllers(id, library, trainer, version, status, log, shim),
    registerLanguage(),
    registerRendererHost({ extension, library, edits }),
  );
}
