/** A notebook as Markdown, with its charts as pictures beside it. */
import { paper, svgOf } from '../../../webview/charts/svg';
import { sourceOf, type Notebook, type NotebookCell } from '../gradnb';
import { outputOf } from '../output-items';
import { figuresOf } from '../presentation/figures';
import { textOf } from '../presentation/text';
import { errorsOf } from './html';

export interface MarkdownExport {
  text: string;
  /** SVG by file name, relative to the Markdown file. */
  pictures: ReadonlyMap<string, string>;
}

/** @param folder of the pictures, relative to the Markdown file */
export function markdownOf(notebook: Notebook, folder: string): MarkdownExport {
  const pictures = new Map<string, string>();
  const cells = notebook.cells.map((cell, index) => cellMarkdown(cell, index + 1, folder, pictures));
  return { text: `${cells.join('\n\n')}\n`, pictures };
}

function cellMarkdown(cell: NotebookCell, number: number, folder: string, pictures: Map<string, string>): string {
  const text = sourceOf(cell);
  if (cell.kind === 'markdown') return text;
  const parts = [fenced(text, 'yaml')];
  const output = outputOf(cell);
  if (output) {
    parts.push(fenced(textOf(output), 'text'));
    figuresOf(output).forEach((figure, place) => {
      const name = `${folder}/cell-${number}-${place + 1}.svg`;
      pictures.set(name, svgOf(figure, paper));
      parts.push(`![${figure.title.replaceAll(/[[\]]/g, '')}](${encodeURI(name)})`);
    });
  }
  return [...parts, ...errorsOf(cell).map((message) => `> ${message}`)].join('\n\n');
}

/** In a fence longer than any in the text. */
function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
