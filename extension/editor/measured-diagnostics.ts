/** Findings of a run, on the statements that create the layers they name. */
import * as vscode from 'vscode';
import { symptomNames } from '../panel/symptom-names';
import type { Finding } from '../protocol/finding';
import type { Range } from '../source/text';
import { diagnosticSource, severityOf } from './lint-diagnostics';
import type { MeasuredLayer, MeasuredLayers } from './measured-layers';
import { rangeOf } from './source-documents';

/** How many other places a diagnostic lists. */
const mostRelated = 5;

const keyOf = ({ start, end }: Range): string => `${start.line}:${start.character}-${end.line}:${end.character}`;

/** The layers of a finding by the statement that creates them, where that is known; in the finding's order. */
export function placesOf(finding: Finding, layers: readonly MeasuredLayer[]): MeasuredLayer[][] {
  const byName = new Map(layers.map((layer) => [layer.info.name, layer]));
  const groups = new Map<string, MeasuredLayer[]>();
  for (const name of finding.layers) {
    const layer = byName.get(name);
    const range = layer?.created ?? layer?.called;
    if (!layer || !range) continue;
    const key = `${layer.uri.toString()} ${keyOf(range)}`;
    groups.set(key, [...(groups.get(key) ?? []), layer]);
  }
  return [...groups.values()];
}

export function registerMeasuredDiagnostics(extension: vscode.Uri, measured: MeasuredLayers): vscode.Disposable {
  const collection = vscode.languages.createDiagnosticCollection('gradientDoctor.measured');
  const show = () => {
    const all = new Map<string, [vscode.Uri, vscode.Diagnostic[]]>();
    for (const finding of measured.run?.findings ?? []) {
      // The worst layers' statement carries the finding, the others are related to it.
      const [worst, ...others] = placesOf(finding, measured.all);
      if (!worst) continue;
      const [{ uri }] = worst as [MeasuredLayer];
      const entry = all.get(uri.toString()) ?? [uri, []];
      all.set(uri.toString(), entry);
      entry[1].push(diagnosticOf(extension, finding, worst, others));
    }
    collection.clear();
    for (const [uri, diagnostics] of all.values()) collection.set(uri, diagnostics);
  };
  show();
  return vscode.Disposable.from(collection, measured.onDidChange(show));
}

function diagnosticOf(
  extension: vscode.Uri,
  finding: Finding,
  worst: readonly MeasuredLayer[],
  others: readonly (readonly MeasuredLayer[])[],
): vscode.Diagnostic {
  const [first] = worst as [MeasuredLayer];
  const range = (first.created ?? first.called)!;
  const diagnostic = new vscode.Diagnostic(rangeOf({ range }), finding.message, severityOf(finding.severity));
  diagnostic.source = diagnosticSource;
  diagnostic.code = {
    value: finding.symptom,
    target: vscode.Uri.joinPath(extension, 'docs/handbook/symptoms', `${finding.symptom}.md`),
  };
  const related = (layer: MeasuredLayer, at: Range, message: string) =>
    new vscode.DiagnosticRelatedInformation(new vscode.Location(layer.uri, rangeOf({ range: at })), message);
  const calls = new Map(
    worst.flatMap((layer) =>
      layer.created && layer.called && keyOf(layer.called) !== keyOf(layer.created)
        ? [[keyOf(layer.called), related(layer, layer.called, vscode.l10n.t('{0} is called here', layer.info.name))]]
        : [],
    ),
  );
  const alike = others
    .slice(0, mostRelated)
    .map(([layer]) =>
      related(
        layer!,
        (layer!.created ?? layer!.called)!,
        vscode.l10n.t('{0}: also {1}', vscode.l10n.t(symptomNames[finding.symptom]), layer!.info.name),
      ),
    );
  diagnostic.relatedInformation = [...calls.values(), ...alike];
  return diagnostic;
}
