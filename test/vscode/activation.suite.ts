import assert from 'node:assert/strict';
import Module from 'node:module';
import * as vscode from 'vscode';
import { commands, notebookCommands } from '../../extension/editor/contributions';
import { note } from './report';

const extension = () => {
  const found = vscode.extensions.getExtension('gradient-doctor.gradient-doctor');
  assert.ok(found, 'the extension is not installed');
  return found;
};

interface Loader {
  _load(request: string, ...rest: unknown[]): unknown;
}

/** How long the extension host itself is busy with loading the bundle and with calling `activate`. */
async function timeOf(activation: () => Thenable<unknown>): Promise<{ load: number; activate: number }> {
  const loader = Module as unknown as Loader;
  const original = loader._load.bind(loader);
  const times = { load: NaN, activate: NaN };
  loader._load = (request, ...rest) => {
    const begin = performance.now();
    const loaded = original(request, ...rest);
    if (!/dist[\\/]extension\.js$/.test(request)) return loaded;
    times.load = performance.now() - begin;
    const { activate } = loaded as { activate: (context: unknown) => unknown };
    return {
      ...(loaded as object),
      activate: (context: unknown) => {
        const called = performance.now();
        const result = activate(context);
        times.activate = performance.now() - called;
        return result;
      },
    };
  };
  try {
    await activation();
  } finally {
    loader._load = original;
  }
  return times;
}

describe('activation', () => {
  it('waits until something of the extension is asked for', () => {
    assert.equal(extension().isActive, false);
  });

  it('is quick and loads nothing native', async () => {
    const times = await timeOf(() => extension().activate());
    note(`activation: ${times.load.toFixed(1)} ms to load, ${times.activate.toFixed(1)} ms to activate`);
    const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] };
    assert.deepEqual(
      sharedObjects.filter((path) => path.includes('onnxruntime')),
      [],
    );
  });

  it('registers every command', async () => {
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      Object.values({ ...commands, ...notebookCommands }).filter((command) => !registered.has(command)),
      [],
    );
  });
});
