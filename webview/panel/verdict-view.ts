import { shortName } from '../charts/figures';
import { element } from '../ui/dom';
import { icon } from '../ui/icons';
import { t } from '../ui/l10n';
import { textButton } from '../ui/widgets';
import type { Finding } from '../../extension/protocol/finding';
import { readableNumber } from '../../extension/panel/readable-number';
import type { Verdict } from './verdict';

export interface VerdictEvents {
  showLayers(layers: readonly string[]): void;
  explain(symptom: Finding['symptom']): void;
}

/** The verdict in words, read out when it changes, and the findings it rests on. */
export class VerdictView {
  readonly element: HTMLElement;
  private readonly symbol = element('span', { class: 'verdict-icon' });
  private readonly headline = element('p', {
    class: 'headline',
    attributes: { 'aria-live': 'polite', role: 'status' },
  });
  private readonly list = element('ul', { class: 'findings', attributes: { 'aria-label': t('Findings') } });
  private drawn = '';

  constructor(private readonly events: VerdictEvents) {
    this.element = element(
      'section',
      { class: 'verdict', attributes: { 'aria-label': t('Verdict') } },
      element('div', { class: 'verdict-line' }, this.symbol, this.headline),
      this.list,
    );
  }

  show({ tone, headline, findings }: Verdict): void {
    const key = JSON.stringify([tone, headline, findings.map((finding) => [finding, String(finding.value)])]);
    if (key === this.drawn) return;
    this.drawn = key;
    this.element.dataset.tone = tone;
    this.symbol.replaceChildren(icon(tone));
    if (this.headline.textContent !== headline) this.headline.textContent = headline;
    this.list.replaceChildren(...findings.map((finding) => this.findingOf(finding, finding.message === headline)));
    this.list.hidden = findings.length === 0;
  }

  private findingOf(finding: Finding, isHeadline: boolean): HTMLElement {
    const { symptom, severity, message, value, threshold, reference, layers } = finding;
    return element(
      'li',
      { class: `finding tone-${severity}` },
      icon(severity),
      element(
        'div',
        { class: 'finding-text' },
        isHeadline ? undefined : element('p', {}, message),
        element(
          'p',
          { class: 'evidence' },
          element('code', {}, symptom),
          ` ${t('{0} against a threshold of {1} ({2})', readableNumber(value), readableNumber(threshold), reference)}`,
        ),
        element(
          'div',
          { class: 'finding-actions' },
          layers.length > 0
            ? textButton(
                layers.length > 1
                  ? t('Show these {0} layers', layers.length)
                  : t('Show {0}', shortName(layers[0]!, 28)),
                () => {
                  this.events.showLayers(layers);
                },
              )
            : undefined,
          textButton(t('Explain'), () => {
            this.events.explain(symptom);
          }),
        ),
      ),
    );
  }
}
