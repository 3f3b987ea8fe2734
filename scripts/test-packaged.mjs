/**
 * Packs the extension for this platform, installs it into a clean VS Code, and diagnoses the sample there: what ships
 * is tested as its users get it, not as it lies in the tree.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from './install.mjs';

const folder = mkdtempSync(join(tmpdir(), 'gradient-doctor-package-'));
const vsix = join(folder, 'gradient-doctor.vsix');
const node = (...args) => spawnSync(process.execPath, args, { cwd: repository, stdio: 'inherit' }).status === 0;
try {
  const works =
    node('scripts/package.mjs', '--out', vsix) &&
    node('scripts/test-e2e.mjs', '--vsix', vsix, '--grep', 'Diagnose Gradients on the sigmoid sample');
  process.exitCode = works ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
