import type { Line } from '../charts/figure';
import { lossCurves } from '../charts/figures';
import { RunSeries } from '../charts/run-series';
import type { Theme } from '../charts/theme';
import { FigureCard } from '../panel/figure-card';
import { t } from '../ui/l10n';
import type { StoredCurve } from '../../extension/protocol/notebook-output';
import { unpackFloats, unpackIntegers } from '../../extension/protocol/stored-series';
import type { Surroundings } from './surroundings';

/** Loss curves of runs of which nothing else was kept. */
export class CurvesCard {
  private lines: readonly Line[] = [];
  private readonly card: FigureCard;

  constructor(
    private readonly surroundings: Surroundings,
    private readonly name: string,
  ) {
    this.card = new FigureCard(
      { id: 'losses', along: 'step', figure: () => (this.lines.length > 0 ? lossCurves(this.lines, t) : undefined) },
      surroundings.work,
      surroundings.theme,
      {
        pick: () => undefined,
        save: (file) => {
          surroundings.save(file);
        },
        choose: () => undefined,
      },
    );
  }

  get element(): HTMLElement {
    return this.card.element;
  }

  show(lines: readonly Line[]): void {
    this.lines = lines;
    const series = new RunSeries({ layers: [], parameters: [], throughTime: [] });
    const run = { name: this.name, series, color: '' };
    this.card.show({ runs: [run], layers: [], theme: this.surroundings.theme.kind, t }, 0, undefined);
  }

  setTheme(theme: Theme): void {
    this.card.setTheme(theme);
  }
}

export function lineOf({ steps, values }: StoredCurve, label: string, color: string): Line {
  const [x, y] = [unpackIntegers(steps), unpackFloats(values)];
  return { label, color, x, y, length: Math.min(x.length, y.length) };
}
