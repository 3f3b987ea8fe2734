/** From text to syntax, with the pieces of an earlier tree used again where the text did not change. */
import { TreeFragment, type Tree } from '@lezer/common';
import { parser as javaScriptParser } from '@lezer/javascript';
import { parser as pythonParser } from '@lezer/python';
import { readJavaScript } from './javascript-syntax';
import { readPython } from './python-syntax';
import type { Block } from './syntax';
import { SourceText, type Language } from './text';

/** A source file as text and syntax. */
export interface ParsedSource {
  readonly source: SourceText;
  readonly root: Block;
  /** Kept for the next parse of the same file. */
  readonly tree: Tree;
}

const typeScriptParser = javaScriptParser.configure({ dialect: 'ts' });
const jsxParser = javaScriptParser.configure({ dialect: 'jsx' });

const parserFor = (path: string, language: Language): typeof pythonParser => {
  if (language === 'python') return pythonParser;
  return /\.(ts|mts|cts)$/i.test(path) ? typeScriptParser : jsxParser;
};

/** Parses a text. With what an earlier text of the same file gave, only what lies around the change is parsed again. */
export const parseSource = (path: string, text: string, language: Language, earlier?: ParsedSource): ParsedSource => {
  const fragments = earlier && earlier.source.language === language ? unchanged(earlier, text) : [];
  const tree = parserFor(path, language).parse(text, fragments);
  const root = language === 'python' ? readPython(text, tree) : readJavaScript(text, tree);
  return { source: new SourceText(path, text, language), root, tree };
};

/** The parts of an earlier tree outside the one span in which two texts differ. */
const unchanged = (earlier: ParsedSource, text: string): readonly TreeFragment[] => {
  const before = earlier.source.text;
  const shorter = Math.min(before.length, text.length);
  let start = 0;
  while (start < shorter && before[start] === text[start]) start++;
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === text[text.length - 1 - end]) end++;
  return TreeFragment.applyChanges(TreeFragment.addTree(earlier.tree), [
    { fromA: start, toA: before.length - end, fromB: start, toB: text.length - end },
  ]);
};
