import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

describe('what activation loads', () => {
  it('has neither a parser nor a runtime: those are loaded where they are used', () => {
    const bundle = readFileSync('dist/extension.js', 'utf8');
    const packages = new Set(
      [...bundle.matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)/gm)].map(([, name]) => name),
    );
    assert.ok(packages.size > 0, 'the bundle says what is in it');
    assert.deepEqual(
      ['@lezer/python', '@lezer/javascript', '@bufbuild/protobuf', 'yaml', 'typescript'].filter((name) =>
        packages.has(name),
      ),
      [],
    );
    assert.doesNotMatch(bundle, /require\("onnxruntime-node"\)/);
  });
});
