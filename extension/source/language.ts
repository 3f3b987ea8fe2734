import type { Language } from './text';

/** The language of a file that is read at all. Apart from the parsers, so that a name can be asked about without them. */
export const languageOf = (path: string): Language | undefined => {
  if (/\.(py|pyi|ipynb)$/i.test(path)) return 'python';
  if (/\.(ts|mts|cts|js|mjs|cjs|jsx|tsx)$/i.test(path)) return 'javascript';
  return undefined;
};
