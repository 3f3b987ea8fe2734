import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { effectOfRemedy, prescriptionTitle } from '../../extension/editor/trial-effect';
import type { Trial } from '../../extension/protocol/prescription';
import { actionsAt, codeOf, diagnosticsWhen, has, lacks } from './diagnostics';

const folder = () => vscode.Uri.joinPath(vscode.workspace.workspaceFolders![0]!.uri, 'deep_sigmoid');

const aTrial = (ids: readonly string[]): Trial => ({
  remedies: ids.map((id) => ({ id, parameters: {} })),
  learningRateFactor: 1,
  outcome: 'healthy',
  why: '',
  effect: { healthBefore: 0, healthAfter: 1, lossBefore: 1, lossAfter: 0, timeStepRatio: 1, parametersAdded: 0 },
  findings: [],
});

describe('a run beside the lines that made it', () => {
  let document: vscode.TextDocument;
  const vanishing = () => diagnosticsWhen(document.uri, has('vanishing-gradient'));
  const lensTitles = async () =>
    (await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri)).map(
      ({ command }) => command?.title ?? '',
    );

  before(async () => {
    const configuration = vscode.workspace.getConfiguration('gradientDoctor');
    await configuration.update('steps', 20, vscode.ConfigurationTarget.Workspace);
    document = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(folder(), 'train.py'));
    await vscode.window.showTextDocument(document);
    // Settled when the verdict's notification is dismissed; the run itself has ended once its findings show.
    void vscode.commands.executeCommand('gradientDoctor.diagnose', vscode.Uri.joinPath(folder(), 'model.onnx'));
    await vanishing();
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.files.revert');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    const configuration = vscode.workspace.getConfiguration('gradientDoctor');
    await configuration.update('steps', undefined, vscode.ConfigurationTarget.Workspace);
  });

  it('puts a finding on the statement that creates the starved layers, and says where they are called', async () => {
    const found = (await vanishing()).find((each) => codeOf(each) === 'vanishing-gradient')!;
    assert.match(document.getText(found.range), /^nn\.(Linear|Sigmoid)\(.*\)$/);
    assert.match(found.message, /^Gradients vanish/);
    assert.equal(found.severity, vscode.DiagnosticSeverity.Error);
    const calls = found.relatedInformation!.filter(({ message }) => message.endsWith('is called here'));
    assert.equal(document.getText(calls[0]!.location.range), 'return self.head(self.layers(x))');
  });

  it('charts the layers of a statement in its hover', async () => {
    const line = document
      .getText()
      .split('\n')
      .findIndex((text) => text.includes('layers += '));
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      new vscode.Position(line, 25),
    );
    const text = hovers
      .flatMap(({ contents }) => contents)
      .map((each) => (each as vscode.MarkdownString).value)
      .join('\n');
    assert.match(
      text,
      /!\[Gradient by depth, from layers\.2 to layers\.59: from [^\]]*\]\(data:image\/svg\+xml;base64,/,
    );
    assert.match(text, /`layers\.2` gradient .* activation .* ± /);
    // An activation in a stack that starves is not called healthy for want of weights of its own.
    assert.match(text, /^\$\(circle-small\) `layers\.3` /m);
  });

  it('tells the findings above the training loop', async () => {
    const titles = await lensTitles();
    assert.ok(
      titles.some((title) => /Last run: Gradients vanish/.test(title)),
      titles.join('\n'),
    );
  });

  it('offers the remedies that fit where a person asks, each as a refactoring', async () => {
    const line = document
      .getText()
      .split('\n')
      .findIndex((text) => text.includes('layers += '));
    const actions = await actionsAt(document.uri, document.lineAt(line).range, 'refactor.rewrite');
    const titles = actions.map(({ title }) => title);
    assert.ok(
      titles.some((title) => title.startsWith('Use ReLU as the activation')),
      titles.join('\n'),
    );
  });

  it('says in a few words what a trial did', () => {
    const depth = (magnitude: number) => [{ layer: 'layers.0', magnitude }];
    const curves = (magnitude: number) => ({
      losses: new Float32Array(1),
      weightGradient: depth(magnitude),
      activationGradient: depth(magnitude),
    });
    const search = {
      baseline: curves(1e-5),
      trials: [
        { ...aTrial(['kaiming-normal']), outcome: 'improved' as const, curves: curves(0.034) },
        { ...aTrial(['relu']), outcome: 'no-effect' as const },
        { ...aTrial(['elu']), outcome: 'healthy' as const },
        { ...aTrial(['residual']), outcome: 'failed' as const },
      ],
    };
    const whole = (id: string) => effectOfRemedy(search, id, { layers: [], isPart: false });
    assert.equal(whole('kaiming-normal'), 'first-layer gradient ×3,400 in trial');
    assert.equal(whole('relu'), 'no effect in trial');
    assert.equal(whole('elu'), 'healthy in trial');
    assert.equal(whole('residual'), undefined);
    assert.equal(whole('gelu'), undefined);
    assert.match(prescriptionTitle(search, search.trials[0]!), /^Apply kaiming-normal: first-layer gradient/);
  });

  it('says of a part of the network what the trial of that part did, else that the trial was of the whole', () => {
    const ofUnit: Trial = {
      ...aTrial(['elu']),
      remedies: [{ id: 'elu', parameters: {}, units: ['layers.*'] }],
      outcome: 'no-effect',
    };
    const search = { trials: [ofUnit, aTrial(['elu']), aTrial(['relu'])] };
    const at = (id: string, layer: string) => effectOfRemedy(search, id, { layers: [layer], isPart: true });
    assert.equal(at('elu', 'layers.3'), 'no effect in trial');
    assert.equal(at('elu', 'head'), 'healthy in trial on the whole network');
    assert.equal(at('relu', 'layers.3'), 'healthy in trial on the whole network');
    assert.equal(effectOfRemedy(search, 'elu', { layers: ['layers.3'], isPart: false }), 'healthy in trial');
  });

  it('keeps the finding while other lines change, and drops it with its own', async () => {
    const change = async (range: vscode.Range, text: string) => {
      const edit = new vscode.WorkspaceEdit();
      edit.replace(document.uri, range, text);
      await vscode.workspace.applyEdit(edit);
    };
    const before = (await vanishing()).find((each) => codeOf(each) === 'vanishing-gradient')!;
    await change(new vscode.Range(1, 0, 1, 0), '# one more line\n');
    const moved = (await vanishing()).find((each) => codeOf(each) === 'vanishing-gradient')!;
    assert.equal(moved.range.start.line, before.range.start.line + 1);
    for (const needle of ['layers = [', 'layers += [']) {
      const line = document
        .getText()
        .split('\n')
        .findIndex((text) => text.includes(needle));
      await change(new vscode.Range(line, 200, line, 200), '  # changed');
    }
    await change(
      document.lineAt(
        document
          .getText()
          .split('\n')
          .findIndex((text) => text.includes('self.head(self')),
      ).range,
      '        return self.head(self.layers(x)) + 0',
    );
    await diagnosticsWhen(document.uri, lacks('vanishing-gradient'));
  });
});
