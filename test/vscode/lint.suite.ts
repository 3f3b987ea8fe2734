import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { actionsAt, codeOf, diagnosticsWhen, has, lacks } from './diagnostics';
import { note } from './report';

const clipped = `import torch
from torch import nn
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
`;

const cell = (text: string) => new vscode.NotebookCellData(vscode.NotebookCellKind.Code, text, 'python');

describe('lint findings in the editor', () => {
  let folder: string;
  const open = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text);
    const document = await vscode.workspace.openTextDocument(path);
    await vscode.window.showTextDocument(document);
    return document;
  };
  const edit = async (document: vscode.TextDocument, at: vscode.Range, text: string) => {
    const change = new vscode.WorkspaceEdit();
    change.replace(document.uri, at, text);
    await vscode.workspace.applyEdit(change);
  };

  before(async () => {
    folder = await mkdtemp(join(vscode.workspace.workspaceFolders![0]!.uri.fsPath, 'lint-'));
  });
  afterEach(() => vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor'));
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await rm(folder, { recursive: true });
  });

  it('underlines the stack of sigmoids in the sample, and links to the page of the rule', async () => {
    const uri = vscode.Uri.joinPath(vscode.workspace.workspaceFolders![0]!.uri, 'deep_sigmoid/train.py');
    const document = await vscode.workspace.openTextDocument(uri);
    const [found] = (await diagnosticsWhen(uri, has('GD301'))).filter((each) => codeOf(each) === 'GD301');
    assert.ok(found);
    assert.equal(found.severity, vscode.DiagnosticSeverity.Warning);
    assert.match(document.getText(found.range), /nn\.Sigmoid\(\)/);
    const { target } = found.code as { target: vscode.Uri };
    assert.match(target.path, /docs\/rules\/GD301\.md$/);
    assert.ok((await vscode.workspace.fs.stat(target)).size > 0);
    await vscode.commands.executeCommand('gradientDoctor.openRule', 'GD301');
    const deadline = Date.now() + 10_000;
    const tab = () => vscode.window.tabGroups.activeTabGroup.activeTab?.label ?? '';
    while (!tab().includes('GD301') && Date.now() < deadline) await new Promise((later) => setTimeout(later, 50));
    assert.match(tab(), /GD301/);
  });

  it('follows what is typed', async () => {
    const document = await open('typed.py', clipped);
    await diagnosticsWhen(document.uri, has('GD101'));
    const line = document.lineAt(9);
    await edit(document, line.rangeIncludingLineBreak, '');
    await diagnosticsWhen(document.uri, lacks('GD101'));
    await edit(document, new vscode.Range(9, 0, 9, 0), `\n\n${line.text}\n`);
    const [found] = await diagnosticsWhen(document.uri, has('GD101'));
    assert.equal(found!.range.start.line, 11);
  });

  it('moves the clipping by a preferred quick fix, in one undo step', async () => {
    const document = await open('fixed.py', clipped);
    const [found] = await diagnosticsWhen(document.uri, has('GD101'));
    const actions = await actionsAt(document.uri, found!.range, vscode.CodeActionKind.QuickFix.value);
    const fix = actions.find(({ title }) => title === 'Clip before the optimizer steps');
    assert.ok(fix?.edit, actions.map(({ title }) => title).join(', '));
    assert.equal(fix.isPreferred, true);
    assert.ok(await vscode.workspace.applyEdit(fix.edit));
    assert.match(document.getText(), /backward\(\)\n {4}nn\.utils\.clip_grad_norm_\(.*\)\n {4}optimizer\.step\(\)\n$/);
    await diagnosticsWhen(document.uri, lacks('GD101'));
    await vscode.commands.executeCommand('undo');
    assert.equal(document.getText(), clipped);
    await diagnosticsWhen(document.uri, has('GD101'));
  });

  it('switches a rule off for a line and for a file', async () => {
    const document = await open('disabled.py', clipped);
    const [found] = await diagnosticsWhen(document.uri, has('GD101'));
    const titled = async (title: string) =>
      (await actionsAt(document.uri, found!.range)).find((action) => action.title === title)!.edit!;
    await vscode.workspace.applyEdit(await titled('Disable GD101 for this line'));
    assert.match(document.lineAt(9).text, / {2}# gradient-doctor: disable=GD101$/);
    await diagnosticsWhen(document.uri, lacks('GD101'));
    await vscode.commands.executeCommand('undo');
    await diagnosticsWhen(document.uri, has('GD101'));
    await vscode.workspace.applyEdit(await titled('Disable GD101 for this file'));
    assert.equal(document.lineAt(0).text, '# gradient-doctor: disable=GD101');
    await diagnosticsWhen(document.uri, lacks('GD101'));
  });

  it('asks before it changes the network', async () => {
    const document = await open(
      'stack.py',
      `from torch import nn\nmodel = nn.Sequential(${'nn.Linear(8, 8), nn.Sigmoid(), '.repeat(6)}nn.Linear(8, 1))\n`,
    );
    const [found] = await diagnosticsWhen(document.uri, has('GD301'));
    const rewrites = await actionsAt(document.uri, found!.range, vscode.CodeActionKind.RefactorRewrite.value);
    const relu = rewrites.find(({ title }) => title.startsWith('Use ReLU in the hidden layers'));
    assert.ok(relu?.edit);
    assert.equal(relu.kind?.value, 'refactor.rewrite');
    assert.equal(relu.isPreferred, undefined);
    const quick = await actionsAt(document.uri, found!.range, vscode.CodeActionKind.QuickFix.value);
    assert.deepEqual(
      quick.map(({ title }) => title).filter((title) => title.includes('ReLU')),
      [],
    );
  });

  it('fixes on save what is safe, and nothing else', async () => {
    const unsafe = clipped.replace('    optimizer.zero_grad()\n', '');
    const document = await open('saved.py', unsafe);
    await diagnosticsWhen(document.uri, (found) => has('GD101')(found) && has('GD105')(found));
    const configuration = vscode.workspace.getConfiguration('editor', document.uri);
    await configuration.update(
      'codeActionsOnSave',
      { 'source.fixAll.gradientDoctor': 'explicit' },
      vscode.ConfigurationTarget.Workspace,
    );
    try {
      await edit(document, new vscode.Range(0, 0, 0, 0), '# saved\n');
      await vscode.commands.executeCommand('workbench.action.files.save');
      await diagnosticsWhen(document.uri, lacks('GD101'));
      assert.ok(has('GD105')(vscode.languages.getDiagnostics(document.uri)));
      assert.match(document.getText(), /clip_grad_norm_\(.*\)\n {4}optimizer\.step\(\)\n$/);
    } finally {
      await configuration.update('codeActionsOnSave', undefined, vscode.ConfigurationTarget.Workspace);
    }
  });

  it('takes severities from the settings', async () => {
    const document = await open('severity.py', clipped);
    await diagnosticsWhen(document.uri, has('GD101'));
    const configuration = vscode.workspace.getConfiguration('gradientDoctor');
    try {
      await configuration.update('rules', { GD101: 'information' }, vscode.ConfigurationTarget.Workspace);
      await diagnosticsWhen(document.uri, (found) =>
        found.some((each) => codeOf(each) === 'GD101' && each.severity === vscode.DiagnosticSeverity.Information),
      );
      await configuration.update('rules', { GD101: 'off' }, vscode.ConfigurationTarget.Workspace);
      await diagnosticsWhen(document.uri, lacks('GD101'));
    } finally {
      await configuration.update('rules', undefined, vscode.ConfigurationTarget.Workspace);
    }
  });

  it('follows imports through the unsaved text of another file', async () => {
    const network = await open(
      'network.py',
      `from torch import nn\ndef stack():\n    return nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))\n`,
    );
    const main = await open(
      'main.py',
      `from torch import nn\nfrom network import stack\nmodel = stack()\nloss = nn.CrossEntropyLoss()(model(x), y)\n`,
    );
    await diagnosticsWhen(main.uri, (found) => found.length === 0);
    const end = network.lineAt(2).text.length - 1;
    await edit(network, new vscode.Range(2, end, 2, end), ', nn.Softmax(dim=1)');
    await diagnosticsWhen(main.uri, has('GD302'));
    await vscode.window.showTextDocument(network);
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await diagnosticsWhen(main.uri, lacks('GD302'));
  });

  it('reads the Python cells of a notebook as one program, and edits the cell', async () => {
    const head = clipped.slice(0, clipped.indexOf('for x'));
    const loop = clipped.slice(clipped.indexOf('for x'));
    const notebook = await vscode.workspace.openNotebookDocument(
      'jupyter-notebook',
      new vscode.NotebookData([
        cell(`%matplotlib inline\n${head}`),
        new vscode.NotebookCellData(vscode.NotebookCellKind.Markup, '# Training', 'markdown'),
        cell(loop.trimEnd()),
      ]),
    );
    await vscode.window.showNotebookDocument(notebook);
    const { document } = notebook.cellAt(2);
    const [found] = await diagnosticsWhen(document.uri, has('GD101'));
    assert.equal(document.getText(found!.range), 'nn.utils.clip_grad_norm_(model.parameters(), 1.0)');
    const actions = await actionsAt(document.uri, found!.range, vscode.CodeActionKind.QuickFix.value);
    await vscode.workspace.applyEdit(actions.find(({ title }) => title.startsWith('Clip before'))!.edit!);
    assert.match(document.getText(), /clip_grad_norm_\(.*\)\n {4}optimizer\.step\(\)\n?$/);
    await diagnosticsWhen(document.uri, lacks('GD101'));
  });

  it('reads TypeScript', async () => {
    const document = await open(
      'train.ts',
      `import * as tf from '@tensorflow/tfjs';
const model = tf.sequential();
model.add(tf.layers.dense({ units: 8, inputShape: [4], activation: 'relu' }));
model.add(tf.layers.dense({ units: 1 }));
model.compile({ optimizer: tf.train.sgd(5), loss: 'meanSquaredError' });
`,
    );
    await diagnosticsWhen(document.uri, has('GD108'));
  });

  it('answers an edit in a file of 2,500 lines', async () => {
    const loops = Array.from({ length: 250 }, (_, index) => clipped.replaceAll('model', `model${index}`));
    const document = await open('long.py', loops.join(''));
    const all = (found: readonly vscode.Diagnostic[]) => found.length >= 250;
    await diagnosticsWhen(document.uri, all);
    const times: number[] = [];
    for (let round = 0; round < 7; round++) {
      const comment = round % 2 === 0 ? ' # gradient-doctor: disable' : '';
      const line = document.lineAt(9);
      const begin = performance.now();
      await edit(document, line.range, line.text.replace(/ #.*/, '') + comment);
      await diagnosticsWhen(document.uri, (found) => (comment ? !all(found) : all(found)));
      times.push(performance.now() - begin);
    }
    note(`diagnostics after an edit in 2,500 lines: median ${times.sort((a, b) => a - b)[3]!.toFixed(0)} ms`);
  });
});
