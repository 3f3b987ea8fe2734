import { element } from '../ui/dom';
import { t } from '../ui/l10n';
import { dropdown, iconButton, setChoices } from '../ui/widgets';
import type { LayerInfo } from '../../extension/protocol/run';
import type { RunOutput } from '../../extension/protocol/notebook-output';
import type { Surroundings } from './surroundings';

/** Which layer the charts point out, and the way to the line of code that makes it. */
export class LayerChoice {
  readonly element: HTMLElement;
  private readonly layers = dropdown(t('Layer'), [], '', (layer) => {
    this.show(layer);
    this.picked(layer === '' ? undefined : layer);
  });
  private readonly source = iconButton('source', t('Go to the source of this layer'), () => {
    const place = placeOf(this.layer);
    if (place && this.run) this.surroundings.send?.({ type: 'source', source: place, model: this.run.model });
  });
  private readonly line = element('span', { class: 'note' });
  private run: RunOutput | undefined;
  private layer: LayerInfo | undefined;

  /** @param picked the layer, or undefined for none */
  constructor(
    private readonly surroundings: Surroundings,
    private readonly picked: (layer: string | undefined) => void,
  ) {
    this.element = element(
      'div',
      { class: 'layer-choice' },
      element('span', {}, t('Layer')),
      this.layers,
      this.source,
      this.line,
    );
    this.source.hidden = !surroundings.send;
  }

  /** @param run whose layers there are to choose from */
  showRun(run: RunOutput): void {
    this.run = run;
    const names = run.layers.map(({ name }) => ({ value: name, label: name }));
    setChoices(this.layers, [{ value: '', label: t('none') }, ...names], this.layer?.name ?? '');
    this.show(this.layer?.name);
  }

  /** Names the layer that was picked elsewhere. */
  show(layer: string | undefined): void {
    this.layer = this.run?.layers.find(({ name }) => name === layer);
    this.layers.value = this.layer?.name ?? '';
    const place = placeOf(this.layer);
    this.source.disabled = !place;
    this.line.textContent = place ? `${place.file.split(/[\\/]/).at(-1)!}:${place.line}` : '';
  }
}

const placeOf = (layer: LayerInfo | undefined) => layer?.created ?? layer?.source;
