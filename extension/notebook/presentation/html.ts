/** An output as HTML that needs nothing: no script, no style sheet, no network. */
import type { CellOutput, RunOutput } from '../../protocol/notebook-output';
import { escapeXml, paper, svgOf } from '../../../webview/charts/svg';
import { number } from '../../diagnosis/sentence';
import { figuresOf } from './figures';
import { verdictOf } from './summary';
import { comparison, findingsOf, layerTable, settingsLines, sweepTable, trialTable } from './text';

const size = { width: 640, height: 280 };

export function htmlOf(output: CellOutput): string {
  return [
    `<p><strong>${escapeXml(titleOf(output))}</strong></p>`,
    ...bodyOf(output),
    ...figuresOf(output).map((figure) => `<figure>${svgOf(figure, { ...paper, ...size })}</figure>`),
  ].join('\n');
}

const titleOf = (output: CellOutput): string => {
  const { text } = verdictOf(output);
  return output.kind === 'compare' ? text : `${output.kind === 'run' ? output.name : output.run}: ${text}`;
};

function bodyOf(output: CellOutput): string[] {
  switch (output.kind) {
    case 'run':
      return [findingsList(output), details(output)];
    case 'compare':
      return [
        tableOf(comparison(output.runs)),
        ...output.outdated.map((name) => `<p>${escapeXml(name)}: its cell has changed since this run.</p>`),
      ];
    case 'sweep':
      return [tableOf(sweepTable(output))];
    case 'prescribe':
      return [...(output.baseline ? [findingsList(output.baseline)] : []), tableOf(trialTable(output))];
  }
}

function findingsList(run: RunOutput): string {
  const findings = findingsOf(run);
  if (findings.length === 0) return '<p>No findings.</p>';
  const items = findings.map(
    ({ severity, symptom, message, value, threshold, reference }) =>
      `<li><strong>${severity}</strong> <code>${symptom}</code> ${escapeXml(message)} <small>(${number(value)}, threshold ${number(threshold)}, ${escapeXml(reference)})</small></li>`,
  );
  return `<ul>${items.join('')}</ul>`;
}

const details = (run: RunOutput): string =>
  `<p>${settingsLines(run).map(escapeXml).join('<br>')}</p><details><summary>Layers</summary><pre>${escapeXml(layerTable(run))}</pre></details>`;

function tableOf({ columns, rows }: { columns: readonly string[]; rows: readonly (readonly string[])[] }): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[], tag: 'th' | 'td'): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeXml(cell)}</${tag}>`).join('')}</tr>`;
  return `<table><thead>${line(columns, 'th')}</thead><tbody>${rows.map((row) => line(row, 'td')).join('')}</tbody></table>`;
}
