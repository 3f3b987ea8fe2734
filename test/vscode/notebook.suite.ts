import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import * as vscode from 'vscode';
import { serializeNotebook, type Notebook } from '../../extension/notebook/gradnb';
import { cellLanguage, notebookType } from '../../extension/notebook/identity';
import { outputMime, type CellOutput, type RunOutput } from '../../extension/protocol/notebook-output';
import { notebooks } from '../unit/notebook/generated-notebooks';

const model = 'model: ../deep_sigmoid/model.onnx\ndata: { npz: ../deep_sigmoid/batch.npz }\nthreads: 1';
const quick = `name: quick\n${model}\nsteps: 12`;
const endless = `name: endless\n${model}\nsteps: 1000000`;
const cell = (text: string) => ({ kind: 'experiment' as const, source: text.split('\n') });

const until = async (holds: () => boolean, what: string): Promise<void> => {
  const deadline = Date.now() + 50_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}.`);
    await new Promise((later) => setTimeout(later, 50));
  }
};

const resultOf = ({ outputs }: vscode.NotebookCell): CellOutput | undefined => {
  const item = outputs.flatMap(({ items }) => items).find(({ mime }) => mime === outputMime);
  return item && (JSON.parse(new TextDecoder().decode(item.data)) as CellOutput);
};
const errorOf = ({ outputs }: vscode.NotebookCell): string | undefined => {
  const item = outputs.flatMap(({ items }) => items).find(({ mime }) => mime.endsWith('notebook.error'));
  return item && (JSON.parse(new TextDecoder().decode(item.data)) as { message: string }).message;
};

/** Everything but times, as the contract drops them. */
const timeless = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (key, one: unknown) => (key.startsWith('time') ? undefined : one));

describe('experiment notebooks in the extension host', function () {
  this.timeout(120_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(vscode.workspace.workspaceFolders![0]!.uri.fsPath, 'lab-'));
  });
  afterEach(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));
  after(() => rm(folder, { recursive: true }));

  const write = async (name: string, ...cells: Notebook['cells']): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, serializeNotebook({ version: 1, cells }));
    return path;
  };
  const open = async (path: string): Promise<vscode.NotebookDocument> => {
    const notebook = await vscode.workspace.openNotebookDocument(vscode.Uri.file(path));
    const editor = await vscode.window.showNotebookDocument(notebook, { preview: false });
    await vscode.commands.executeCommand('notebook.selectKernel', {
      notebookEditor: editor,
      id: 'gradient-doctor.cpu',
      extension: 'gradient-doctor.gradient-doctor',
    });
    return notebook;
  };
  const execute = ({ uri }: vscode.NotebookDocument, start: number, end: number) =>
    vscode.commands.executeCommand('notebook.cell.execute', { ranges: [{ start, end }], document: uri });
  const isOver = (one: vscode.NotebookCell): boolean => one.executionSummary?.timing?.endTime !== undefined;

  it('give the same bits as the command line, but for times', async () => {
    const path = await write('bits.gradnb', cell(quick), cell(quick.replace('quick', 'again')));
    const notebook = await open(path);
    await execute(notebook, 0, 2);
    const [first, second] = notebook.getCells();
    await until(() => isOver(second!), 'both cells are done');
    await notebook.save();
    const other = join(folder, 'cli.gradnb');
    await promisify(execFile)(
      process.execPath,
      [join(__dirname, '../../../dist/cli.js'), 'run', path, '--out', other],
      {
        env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      },
    ).catch((error: unknown) => {
      assert.equal((error as { code: number }).code, 1, 'the sample has findings');
    });
    const [editor, terminal] = await Promise.all(
      [path, other].map(async (file) => timeless(JSON.parse(await readFile(file, 'utf8')))),
    );
    assert.deepEqual(editor, terminal);
    assert.equal((resultOf(first!) as RunOutput).steps, 12);
    assert.deepEqual((resultOf(first!) as RunOutput).uncertain, []);
  });

  it('stop at the cell that fails', async () => {
    const cells = [cell(quick), cell(quick.replace('quick', 'bad').replace('model.onnx', 'none.onnx')), cell(quick)];
    const notebook = await open(await write('fails.gradnb', ...cells));
    await execute(notebook, 0, 3);
    const [good, bad, never] = notebook.getCells();
    await until(() => isOver(bad!), 'the second cell has ended');
    assert.equal(good!.executionSummary?.success, true);
    assert.equal(bad!.executionSummary?.success, false);
    assert.match(errorOf(bad!)!, /none\.onnx/);
    assert.deepEqual(never!.outputs, []);
    assert.equal(never!.executionSummary?.timing, undefined);
  });

  it('are interrupted within a second, and keep what was measured', async () => {
    const notebook = await open(await write('endless.gradnb', cell(endless), cell(quick)));
    await execute(notebook, 0, 2);
    const [running, waiting] = notebook.getCells();
    await until(() => resultOf(running!) !== undefined, 'steps are shown while the run goes on');
    assert.equal((resultOf(running!) as RunOutput).end, undefined);
    await vscode.commands.executeCommand('notebook.cancelExecution');
    await until(() => isOver(running!), 'the run is stopped');
    const run = resultOf(running!) as RunOutput;
    assert.equal(run.end?.kind, 'stopped');
    assert.ok(run.steps > 0);
    assert.deepEqual(waiting!.outputs, []);
  });

  it('run side by side', async () => {
    const one = await open(await write('one.gradnb', cell(endless)));
    await execute(one, 0, 1);
    await until(() => resultOf(one.cellAt(0)) !== undefined, 'the first notebook runs');
    const two = await open(await write('two.gradnb', cell(quick)));
    await execute(two, 0, 1);
    await until(() => isOver(two.cellAt(0)), 'the second notebook is done');
    assert.ok(!isOver(one.cellAt(0)), 'the first one still runs');
    await vscode.commands.executeCommand('notebook.cell.cancelExecution', {
      ranges: [{ start: 0, end: 1 }],
      document: one.uri,
    });
    await until(() => isOver(one.cellAt(0)), 'the first one is stopped');
  });

  it('lose nothing of a file when they are saved', async () => {
    const written = fc.sample(notebooks, { numRuns: 6, seed: 7 }).map(serializeNotebook);
    for (const [index, text] of written.entries()) {
      const path = join(folder, `generated-${index}.gradnb`);
      await writeFile(path, text);
      const notebook = await vscode.workspace.openNotebookDocument(vscode.Uri.file(path));
      await vscode.window.showNotebookDocument(notebook);
      const edit = new vscode.WorkspaceEdit();
      const added = new vscode.NotebookCellData(vscode.NotebookCellKind.Code, 'steps: 3', cellLanguage);
      edit.set(notebook.uri, [vscode.NotebookEdit.insertCells(notebook.cellCount, [added])]);
      assert.ok(await vscode.workspace.applyEdit(edit));
      assert.ok(await notebook.save());
      const saved = JSON.parse(await readFile(path, 'utf8')) as Notebook;
      assert.deepEqual(saved.cells.pop(), { kind: 'experiment', source: ['steps: 3'] });
      assert.equal(serializeNotebook(saved), text);
    }
  });

  it('are refused where the file is damaged, and its bytes stay', async () => {
    const path = await write('cut.gradnb', cell(quick));
    const cut = (await readFile(path, 'utf8')).slice(0, -20);
    await writeFile(path, cut);
    await assert.rejects(
      Promise.resolve(vscode.workspace.openNotebookDocument(vscode.Uri.file(path))),
      /line \d+, column \d+/,
    );
    await vscode.commands.executeCommand('workbench.action.files.saveAll');
    assert.equal(await readFile(path, 'utf8'), cut);
  });

  it('complete, explain, check and link what is in a cell', async () => {
    const text = `${quick}\nloss: mse\nmode: `;
    const notebook = await open(
      await write('language.gradnb', cell(text), cell('compare: [quick, c, quikc]'), cell('stepz: 1')),
    );
    const [first, second, third] = notebook.getCells().map(({ document }) => document);
    const at = (line: number, character: number) => new vscode.Position(line, character);
    const completed = async (document: vscode.TextDocument, position: vscode.Position) =>
      (
        await vscode.commands.executeCommand<vscode.CompletionList>(
          'vscode.executeCompletionItemProvider',
          document.uri,
          position,
        )
      ).items.map(({ label }) => label);
    assert.deepEqual((await completed(first!, at(6, 6))).slice(0, 3), ['as-exported', 'eval', 'train']);
    assert.ok((await completed(first!, at(1, 'model: ../deep_sigmoid/'.length))).includes('model.onnx'));
    assert.ok((await completed(second!, at(0, 'compare: [quick, '.length))).includes('quick'));
    const [hover] = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      first!.uri,
      at(4, 1),
    );
    assert.match((hover!.contents[0] as vscode.MarkdownString).value, /Training steps/);
    const links = await vscode.commands.executeCommand<vscode.DocumentLink[]>('vscode.executeLinkProvider', first!.uri);
    assert.ok(links.some(({ target }) => target?.path.endsWith('deep_sigmoid/model.onnx')));
    const problems = (document: vscode.TextDocument) =>
      vscode.languages
        .getDiagnostics(document.uri)
        .map(({ message, range: { start } }) => [message, start.line, start.character]);
    await until(() => problems(third!).length > 0, 'problems are underlined');
    assert.deepEqual(problems(third!), [['Unknown field "stepz". Did you mean "steps"?', 0, 0]]);
    assert.deepEqual(problems(second!), [
      ['No experiment of this notebook is called "c".', 0, 17],
      ['No experiment of this notebook is called "quikc". Did you mean "quick"?', 0, 20],
    ]);
    const fixes = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      third!.uri,
      new vscode.Range(at(0, 0), at(0, 5)),
    );
    const fix = fixes.find(({ title }) => title === 'Change to steps');
    assert.ok(fix?.edit && (await vscode.workspace.applyEdit(fix.edit)));
    assert.equal(third!.getText(), 'steps: 1');
    await until(() => problems(third!).length === 0, 'nothing is underlined any more');
  });

  it('find a file again that is not where a cell says', async () => {
    const notebook = await open(await write('moved.gradnb', cell('model: deep_sigmoid/model.onnx')));
    const { document } = notebook.cellAt(0);
    await until(() => vscode.languages.getDiagnostics(document.uri).length > 0, 'the path is underlined');
    const [problem] = vscode.languages.getDiagnostics(document.uri);
    assert.match(problem!.message, /^There is no file .*lab-.*deep_sigmoid.model\.onnx\.$/);
    const [fix] = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      document.uri,
      problem!.range,
    );
    assert.equal(fix!.title, 'Change to ../deep_sigmoid/model.onnx');
    assert.ok(await vscode.workspace.applyEdit(fix!.edit!));
    await until(() => vscode.languages.getDiagnostics(document.uri).length === 0, 'the path is right');
  });

  it('open empty for a new file', async () => {
    const path = join(folder, 'new.gradnb');
    await writeFile(path, '');
    const notebook = await open(path);
    assert.equal(notebook.notebookType, notebookType);
    assert.equal(notebook.cellCount, 0);
  });
});
