import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commands } from '../../extension/editor/contributions';
import { note } from './report';

const extension = () => {
  const found = vscode.extensions.getExtension('gradient-doctor.gradient-doctor');
  assert.ok(found, 'the extension is not installed');
  return found;
};

describe('activation', () => {
  it('waits until something of the extension is asked for', () => {
    assert.equal(extension().isActive, false);
  });

  it('is quick and loads nothing native', async () => {
    const begin = performance.now();
    const cpu = process.cpuUsage();
    await extension().activate();
    const { user, system } = process.cpuUsage(cpu);
    const milliseconds = (performance.now() - begin).toFixed(0);
    note(`activation took ${milliseconds} ms, ${((user + system) / 1000).toFixed(0)} ms of them on the processor`);
    const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] };
    assert.deepEqual(
      sharedObjects.filter((path) => path.includes('onnxruntime')),
      [],
    );
  });

  it('registers every command', async () => {
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      Object.values(commands).filter((command) => !registered.has(command)),
      [],
    );
  });
});
