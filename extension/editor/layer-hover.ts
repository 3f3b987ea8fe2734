/** What was measured of a layer, on the statement that creates or calls it. */
import * as vscode from 'vscode';
import { healthByLayer, layerGradient, markOf, worstOf, type Health, type Mark } from '../panel/layer-measures';
import { readableNumber } from '../panel/readable-number';
import type { RunLibrary } from '../panel/run-library';
import type { LayerInfo } from '../protocol/run';
import { Telemetry } from '../protocol/telemetry';
import { commands } from './contributions';
import { chartColors, chartOf, dataUri } from './layer-chart';
import type { MeasuredLayer, MeasuredLayers } from './measured-layers';
import { rangeOf, sourceSelector } from './source-documents';

/** Layers that one hover tells by number; the chart shows all. */
const mostLayers = 4;
/** Points of a curve over the steps. */
const mostPoints = 120;

/** In the colors that the Problems view has for them. */
const inColor = (color: string, icon: string): string =>
  `<span style="color:var(--vscode-${color});">$(${icon})</span>`;
const markIcons: Readonly<Record<Mark, string>> = {
  error: inColor('problemsErrorIcon-foreground', 'error'),
  warning: inColor('problemsWarningIcon-foreground', 'warning'),
  information: inColor('problemsInfoIcon-foreground', 'info'),
  healthy: inColor('testing-iconPassed', 'pass'),
  unmarked: '$(circle-small)',
};

const themeKind = (): 'light' | 'dark' | 'high-contrast' => {
  switch (vscode.window.activeColorTheme.kind) {
    case vscode.ColorThemeKind.Light:
    case vscode.ColorThemeKind.HighContrastLight:
      return 'light';
    case vscode.ColorThemeKind.HighContrast:
      return 'high-contrast';
    case vscode.ColorThemeKind.Dark:
      return 'dark';
  }
};

export class LayerHover implements vscode.HoverProvider {
  constructor(
    private readonly measured: MeasuredLayers,
    private readonly library: RunLibrary,
  ) {}

  async provideHover(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Hover | undefined> {
    const { run } = this.measured;
    const layers = this.measured.at(document.uri, position);
    const [first] = layers;
    if (!run || !first || run.steps === 0) return undefined;
    const telemetry = new Telemetry(await this.library.read(run));
    const healths = healthByLayer(run.findings);
    const text = new vscode.MarkdownString(undefined, true);
    text.supportHtml = true;
    text.isTrusted = { enabledCommands: [commands.showPanel, commands.showLayer] };
    const healthOf = ({ name }: LayerInfo): Health => healths.get(name) ?? 'healthy';
    const worst = worstOf(layers.map(({ info }) => healthOf(info)));
    const mark = markOf(
      worst,
      layers.some(({ info }) => info.parameters.length > 0),
    );
    text.appendMarkdown(`${markIcons[mark]} **Gradient Doctor** · `);
    text.appendText(vscode.l10n.t('{0}, step {1}', run.name, telemetry.steps));
    text.appendMarkdown(`\n\n${chartText(layers, telemetry)}\n\n`);
    const names = new Set(layers.map(({ info }) => info.name));
    const findings = run.findings.filter((finding) => finding.layers.some((name) => names.has(name)));
    for (const { message } of findings.slice(0, 2)) {
      text.appendText(message);
      text.appendMarkdown('\n\n');
    }
    for (const { info, layer } of layers.slice(0, mostLayers)) {
      const own = markOf(healthOf(info), info.parameters.length > 0);
      text.appendMarkdown(`${markIcons[own]} \`${info.name}\` ${measuresOf(telemetry, layer).join(' · ')}  \n`);
    }
    if (layers.length > mostLayers)
      text.appendText(vscode.l10n.t('and {0} more layers of this statement', layers.length - mostLayers));
    const show = `command:${commands.showLayer}?${encodeURIComponent(JSON.stringify([first.info.name]))}`;
    text.appendMarkdown(`\n\n[${vscode.l10n.t('Show in the gradient panel')}](${show})`);
    const range = first.created ?? first.called!;
    return new vscode.Hover(text, rangeOf({ range }));
  }
}

/** The numbers of a layer at the last step, in words and numbers. */
export function measuresOf(telemetry: Telemetry, layer: number): string[] {
  const step = telemetry.steps - 1;
  const gradient = layerGradient(telemetry, layer);
  const of = (column: Parameters<Telemetry['activation']>[2]): number => telemetry.activation(step, layer, column);
  const share = (value: number): string => `${(100 * value).toFixed(0)} %`;
  return [
    ...(gradient === undefined || Number.isNaN(gradient)
      ? []
      : [vscode.l10n.t('gradient {0}', readableNumber(gradient))]),
    ...(Number.isNaN(of('mean'))
      ? []
      : [vscode.l10n.t('activation {0} ± {1}', readableNumber(of('mean')), readableNumber(of('std')))]),
    ...(of('saturatedShare') > 0 ? [vscode.l10n.t('{0} saturated', share(of('saturatedShare')))] : []),
    ...(of('deadShare') > 0 ? [vscode.l10n.t('{0} dead', share(of('deadShare')))] : []),
  ];
}

/** One layer over the steps; several that one statement creates by depth. */
function chartText(layers: readonly MeasuredLayer[], telemetry: Telemetry): string {
  const [first] = layers as [MeasuredLayer];
  const last = layers.at(-1)!;
  const { values, axis, words } =
    layers.length > 1
      ? {
          values: layers.map(({ layer }) => layerGradient(telemetry, layer) ?? NaN),
          axis: { name: vscode.l10n.t('gradient by depth'), first: first.info.name, last: last.info.name },
          words: vscode.l10n.t('Gradient by depth, from {0} to {1}', first.info.name, last.info.name),
        }
      : {
          values: sampled(telemetry.steps).map((step) => layerGradient(telemetry, first.layer, step) ?? NaN),
          axis: { name: vscode.l10n.t('gradient by step'), first: '1', last: String(telemetry.steps) },
          words: vscode.l10n.t('Gradient of {0} by step', first.info.name),
        };
  const from = readableNumber(values[0]!);
  const to = readableNumber(values.at(-1)!);
  const alt = vscode.l10n.t('{0}: from {1} to {2}', words, from, to);
  return `![${alt.replace(/[[\]]/g, '')}](${dataUri(chartOf(values, axis, chartColors(themeKind())))})`;
}

const sampled = (steps: number): number[] => {
  const count = Math.min(steps, mostPoints);
  return Array.from({ length: count }, (_, index) => Math.round((index * (steps - 1)) / Math.max(1, count - 1)));
};

export const registerLayerHover = (measured: MeasuredLayers, library: RunLibrary): vscode.Disposable =>
  vscode.languages.registerHoverProvider(sourceSelector, new LayerHover(measured, library));
