import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Script {
  bundleFile: string;
  collectTexts: () => string[];
}

describe('the texts for translators', () => {
  it('are all there, and none is left over: else run `npm run l10n`', async () => {
    const { bundleFile, collectTexts } = (await import(pathToFileURL(resolve('scripts/l10n.mjs')).href)) as Script;
    const bundle = JSON.parse(readFileSync(bundleFile, 'utf8')) as Record<string, string>;
    assert.deepEqual(Object.keys(bundle), collectTexts());
  });
});
