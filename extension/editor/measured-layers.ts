/** Where the layers of the run that all views show are in the source, as long as these lines stay what they were. */
import * as vscode from 'vscode';
import { readFile, stat } from 'node:fs/promises';
import { findSource } from '../panel/layer-source';
import type { RunLibrary } from '../panel/run-library';
import type { RunRecord } from '../panel/run-store';
import type { LayerInfo, SourceLocation } from '../protocol/run';
import { languageOf } from '../source/language';
import type { Range } from '../source/text';
import type { AnalysisClient } from './analysis-client';
import type { PartRange } from './analysis-messages';
import { lineOfText, movedRange } from './moving-range';

/** A layer on the lines of one file. */
export interface MeasuredLayer {
  uri: vscode.Uri;
  /** Index in the run's layout. */
  layer: number;
  info: LayerInfo;
  /** The expression that creates it. */
  created?: Range;
  /** The statement that calls it. */
  called?: Range;
}

/** A layer to look for in a file, with the lines, 0-based, that the run says create and call it there. */
interface Asked {
  layer: number;
  info: LayerInfo;
  created?: number;
  called?: number;
}

/** What the lines of layers read when a run was made, by path and line: they are looked for by it later. */
type Lines = Readonly<Record<string, Readonly<Record<number, string>>>>;

const keptRuns = 50;
const memoryKey = 'gradientDoctor.measuredLines';

export class MeasuredLayers implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private layers: readonly MeasuredLayer[] = [];
  private shown: RunRecord | undefined;
  private turn = 0;
  private readonly subscriptions: readonly { dispose(): unknown }[];

  constructor(
    private readonly library: RunLibrary,
    private readonly analysis: AnalysisClient,
    private readonly memory: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const refresh = () => {
      const run = library.selected?.end ? library.selected : undefined;
      if (run !== this.shown) void this.attach(run);
      else this.changed.fire();
    };
    this.subscriptions = [
      this.changed,
      library.onDidSelect(refresh),
      library.onDidChange(refresh),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        this.move(document, contentChanges);
      }),
    ];
    refresh();
  }

  /** The run whose layers these are; it has ended. */
  get run(): RunRecord | undefined {
    return this.shown;
  }

  get all(): readonly MeasuredLayer[] {
    return this.layers;
  }

  /** Those that a line of a file creates or calls. */
  at(uri: vscode.Uri, position: vscode.Position): MeasuredLayer[] {
    const covers = (range: Range | undefined): boolean =>
      range !== undefined && range.start.line <= position.line && position.line <= range.end.line;
    const here = this.layers.filter((each) => each.uri.toString() === uri.toString());
    const created = here.filter(({ created: range }) => covers(range));
    return created.length > 0 ? created : here.filter(({ called }) => covers(called));
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private async attach(run: RunRecord | undefined): Promise<void> {
    const turn = ++this.turn;
    this.shown = run;
    this.layers = [];
    this.changed.fire();
    if (!run) return;
    try {
      const found = await this.find(run);
      if (turn !== this.turn) return;
      this.layers = found;
      this.changed.fire();
    } catch (error) {
      this.log.error(`The layers of ${run.name} were not found in the source: ${String(error)}`);
    }
  }

  private async find(run: RunRecord): Promise<MeasuredLayer[]> {
    const { layout, settings } = run.header;
    const files = new Map<string, Promise<vscode.Uri | undefined>>();
    const uriOf = ({ file }: SourceLocation): Promise<vscode.Uri | undefined> => {
      const known = files.get(file) ?? findSource(file, settings.model);
      files.set(file, known);
      return known;
    };
    const byFile = new Map<string, { uri: vscode.Uri; layers: Asked[] }>();
    for (const [layer, info] of layout.layers.entries()) {
      // The line that creates a layer says more than the one that calls it, which may be in another file.
      const place = info.created ?? info.source;
      const uri = place && (await uriOf(place));
      if (!uri) continue;
      const entry = byFile.get(uri.toString()) ?? { uri, layers: [] };
      byFile.set(uri.toString(), entry);
      const isCalledHere = info.source?.file === place.file;
      entry.layers.push({
        layer,
        info,
        ...(info.created && { created: info.created.line - 1 }),
        ...(isCalledHere && { called: info.source!.line - 1 }),
      });
    }
    const found = await Promise.all([...byFile.values()].map(({ uri, layers }) => this.findIn(run, uri, layers)));
    return found.flat();
  }

  private async findIn(run: RunRecord, uri: vscode.Uri, layers: readonly Asked[]): Promise<MeasuredLayer[]> {
    const { fsPath } = uri;
    const language = languageOf(fsPath);
    if (!language) return [];
    const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
    const text = open?.getText() ?? (await readFile(fsPath, 'utf8'));
    const lines = text.split(/\r?\n/);
    const known = this.linesOf(run.id)[fsPath];
    const isUntouched = !open?.isDirty && (await stat(fsPath)).mtimeMs <= Date.parse(run.startedAt);
    // Changed since the run, and never seen before: nobody knows which lines are still those of the run.
    if (!known && !isUntouched) return [];
    const places = await this.analysis.ask('layers', {
      document: { id: `measured ${uri.toString()}`, path: fsPath, language, isNotebook: false, parts: [text] },
      layers: layers.map(({ info: { name }, ...stated }) => {
        const now = (line: number | undefined): number | undefined =>
          line === undefined || !known ? line : lineOfText(lines, line, known[line] ?? '');
        const created = now(stated.created);
        const called = now(stated.called);
        return { name, ...(created === undefined ? {} : { created }), ...(called === undefined ? {} : { called }) };
      }),
    });
    const texts = known && new Set(Object.values(known));
    const ifKnown = (place: PartRange | undefined): Range | undefined =>
      place && (!texts || texts.has(lines[place.range.start.line]!)) ? place.range : undefined;
    const found = places.flatMap((place, at): MeasuredLayer[] => {
      const { layer, info } = layers[at]!;
      const created = ifKnown(place.created);
      const called = ifKnown(place.called);
      return created || called ? [{ uri, layer, info, ...(created && { created }), ...(called && { called }) }] : [];
    });
    if (!known) {
      const seen = found.flatMap(({ created, called }) => [created, called]).filter((range) => range !== undefined);
      await this.remember(run.id, fsPath, Object.fromEntries(seen.map(({ start: { line } }) => [line, lines[line]!])));
    }
    return found;
  }

  private linesOf(run: string): Lines {
    return this.memory.get<Record<string, Lines>>(memoryKey, {})[run] ?? {};
  }

  private async remember(run: string, path: string, lines: Readonly<Record<number, string>>): Promise<void> {
    const all = this.memory.get<Record<string, Lines>>(memoryKey, {});
    const kept = Object.entries({ ...all, [run]: { ...all[run], [path]: lines } }).slice(-keptRuns);
    await this.memory.update(memoryKey, Object.fromEntries(kept));
  }

  private move(document: vscode.TextDocument, changes: readonly vscode.TextDocumentContentChangeEvent[]): void {
    const uri = document.uri.toString();
    if (changes.length === 0 || !this.layers.some((each) => each.uri.toString() === uri)) return;
    const moved = (range: Range | undefined): Range | undefined =>
      changes.reduce<Range | undefined>((now, change) => now && movedRange(now, change), range);
    this.layers = this.layers.flatMap((each) => {
      if (each.uri.toString() !== uri) return [each];
      const { uri: own, layer, info } = each;
      const created = moved(each.created);
      const called = moved(each.called);
      return created || called
        ? [{ uri: own, layer, info, ...(created && { created }), ...(called && { called }) }]
        : [];
    });
    this.changed.fire();
  }
}
