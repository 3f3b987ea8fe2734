/** A notebook as one HTML file that needs nothing else and runs nothing. */
import { escapeXml } from '../../../webview/charts/svg';
import { sourceOf, type Notebook, type NotebookCell } from '../gradnb';
import { errorMime, outputOf } from '../output-items';
import { htmlOf } from '../presentation/html';

const style = `body{max-width:860px;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;color:#24292f;background:#fff}
pre{padding:.6rem .8rem;overflow:auto;background:#f6f8fa;border-radius:4px;font-size:13px}
.output{margin:.5rem 0 2rem;padding-left:.8rem;border-left:3px solid #d8dee4;font-size:14px}
figure{margin:1rem 0}svg{max-width:100%;height:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:2px 8px;border:1px solid #d8dee4;text-align:left}
.error{color:#cf222e}`;

/** @param render Markdown to HTML */
export async function htmlDocument(
  notebook: Notebook,
  title: string,
  render: (markdown: string) => Promise<string>,
): Promise<string> {
  const cells = await Promise.all(notebook.cells.map((cell) => cellHtml(cell, render)));
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${style}</style>
</head>
<body>
${cells.join('\n')}
</body>
</html>
`;
}

async function cellHtml(cell: NotebookCell, render: (markdown: string) => Promise<string>): Promise<string> {
  const text = sourceOf(cell);
  if (cell.kind === 'markdown') return render(text);
  const output = outputOf(cell);
  const parts = [`<pre><code>${escapeXml(text)}</code></pre>`];
  if (output) parts.push(`<div class="output">${htmlOf(output)}</div>`);
  for (const message of errorsOf(cell)) parts.push(`<p class="output error">${escapeXml(message)}</p>`);
  return parts.join('\n');
}

/** What kept a cell from its result. */
export const errorsOf = ({ outputs = [] }: NotebookCell): string[] =>
  outputs.flatMap(({ mime, data }) =>
    mime === errorMime && typeof data === 'object' && data !== null && 'message' in data ? [String(data.message)] : [],
  );
