import assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('the extension in its host', () => {
  it('is found', () => {
    assert.ok(vscode.extensions.getExtension('gradient-doctor.gradient-doctor'));
  });
});
