/** Writes docs/operators.md: npm run operators */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './node-tests';
import { operatorsTable } from './operators-table';

writeFileSync(join(root, 'docs/operators.md'), operatorsTable());
