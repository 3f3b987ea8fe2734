/**
 * `npm run l10n`: writes every text of the code that users see into l10n/bundle.l10n.json, which translators start
 * from: a bundle.l10n.<language>.json beside it is what VS Code then shows. The texts of package.json are in
 * package.nls.json.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { globSync } from 'tinyglobby';
import ts from 'typescript';
import { repository } from './install.mjs';

export const bundleFile = join(repository, 'l10n/bundle.l10n.json');

/** What speaks to users of the editor. The command line speaks English. */
const sources = [
  'extension/{capture,diagnosis,editor,notebook,panel,remedies,trainer}/**/*.ts',
  'extension/*.ts',
  'webview/**/*.ts',
];

/** `vscode.l10n.t('…')`, `t('…')`, `view.t('…')`, and `text('…')`, which marks what is translated elsewhere. */
const translators = new Set(['t', 'text']);

const calledName = ({ expression }) =>
  ts.isIdentifier(expression)
    ? expression.text
    : ts.isPropertyAccessExpression(expression)
      ? expression.name.text
      : undefined;

/** The texts that an argument can be; undefined for one that is put together and thus cannot be translated. */
function textsOf(argument) {
  if (ts.isStringLiteralLike(argument)) return [argument.text];
  if (ts.isParenthesizedExpression(argument)) return textsOf(argument.expression);
  if (ts.isConditionalExpression(argument)) {
    const both = [textsOf(argument.whenTrue), textsOf(argument.whenFalse)];
    return both.includes(undefined) ? undefined : both.flat();
  }
  // A value: where it comes from it is marked.
  return ts.isTemplateExpression(argument) || ts.isBinaryExpression(argument) ? undefined : [];
}

/**
 * Every text to translate, sorted.
 * @returns {string[]}
 * @throws where a text is put together of parts
 */
export function collectTexts() {
  const texts = new Set();
  for (const path of globSync(sources, { cwd: repository }).sort()) {
    const file = ts.createSourceFile(path, readFileSync(join(repository, path), 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node) => {
      if (ts.isCallExpression(node) && translators.has(calledName(node)) && node.arguments.length > 0) {
        const found = textsOf(node.arguments[0]);
        if (!found) {
          const { line } = file.getLineAndCharacterOfPosition(node.getStart());
          throw new Error(`${path}:${line + 1}: a text that is put together cannot be translated. Use {0}.`);
        }
        for (const text of found) texts.add(text);
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  return [...texts].sort();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const texts = collectTexts();
  writeFileSync(bundleFile, `${JSON.stringify(Object.fromEntries(texts.map((text) => [text, text])), undefined, 2)}\n`);
  console.log(`${texts.length} texts in l10n/bundle.l10n.json`);
}
