import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { symptomIds } from '../../../extension/protocol/finding';
import { remedies } from '../../../extension/remedies';

export const handbook = 'docs/handbook';

/** Every page that the handbook ought to have, by the path it is linked with; one that is missing is empty. */
export const pages: readonly { path: string; text: string; part: 'symptoms' | 'remedies' }[] = [
  ...symptomIds.map((id) => ({ part: 'symptoms' as const, id })),
  ...remedies.map(({ id }) => ({ part: 'remedies' as const, id })),
].map(({ part, id }) => {
  const path = `${part}/${id}.md`;
  const file = join(handbook, path);
  return { part, path, text: existsSync(file) ? readFileSync(file, 'utf8') : '' };
});

/** The code blocks of a page in one language. */
export const codeOf = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, code]) => code!);

/** The text below a heading, up to the next one. */
export const sectionOf = (text: string, heading: string): string | undefined =>
  text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
