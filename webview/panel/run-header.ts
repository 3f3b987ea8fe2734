import { runColor, type RunSlots, type ThemeKind } from '../charts/colors';
import { element, setAttributes, swatch } from '../ui/dom';
import { icon } from '../ui/icons';
import { t } from '../ui/l10n';
import { checkbox, dropdown, iconButton, setChoices } from '../ui/widgets';
import { comparedRuns, type PanelRun } from '../../extension/protocol/panel-messages';
import type { RunHeader as RunInfo } from '../../extension/protocol/run';
import { distinctNames, timeOf } from './run-names';
import { settingsOf, statusOf } from './verdict';

export interface RunHeaderEvents {
  select(id: string): void;
  compare(ids: readonly string[]): void;
  stop(): void;
  openInEditor(): void;
}

export interface RunHeaderState {
  runs: readonly PanelRun[];
  /** The run the panel is about, then those compared with it. */
  shown: readonly string[];
  /** Of the first of them, once it is known. */
  header: Pick<RunInfo, 'settings' | 'provider'> | undefined;
  slots: RunSlots;
  theme: ThemeKind;
}

/** Which run the panel is about, where it stands, and which runs it is compared with. */
export class RunHeader {
  readonly element: HTMLElement;
  private readonly chooser = dropdown(t('Run'), [], '', (id) => {
    this.events.select(id);
  });
  private readonly status = element('span', { class: 'status', attributes: { role: 'status' } });
  private readonly settings = element('span', { class: 'settings' });
  private readonly stop = iconButton('stop', t('Stop the run'), () => {
    this.events.stop();
  });
  private readonly compare = iconButton('compare', t('Compare runs'), () => {
    this.list.hidden = !this.list.hidden;
    this.compare.setAttribute('aria-expanded', String(!this.list.hidden));
  });
  private readonly list = element('div', {
    class: 'compare-list',
    attributes: { role: 'group', 'aria-label': t('Compare runs') },
  });
  private readonly chips = element('div', { class: 'chips' });
  private drawn = '';

  constructor(private readonly events: RunHeaderEvents) {
    this.list.hidden = true;
    this.compare.setAttribute('aria-expanded', 'false');
    this.element = element(
      'header',
      { class: 'run-header' },
      element(
        'div',
        { class: 'run-line' },
        this.chooser,
        element(
          'div',
          { class: 'tools', attributes: { role: 'toolbar', 'aria-label': t('Run') } },
          this.stop,
          this.compare,
          iconButton('editor', t('Open in the editor area'), () => {
            events.openInEditor();
          }),
        ),
      ),
      element('div', { class: 'run-state' }, this.status, this.settings),
      this.list,
      this.chips,
    );
  }

  show({ runs, shown, header, slots, theme }: RunHeaderState): void {
    const [first, ...others] = shown;
    const run = runs.find(({ id }) => id === first);
    setChoices(
      this.chooser,
      runs.map(({ id, name, startedAt }) => ({ value: id, label: `${name} · ${timeOf(startedAt)}` })),
      first ?? '',
    );
    setText(this.status, run ? statusOf(run, header?.settings.steps, t) : '');
    setText(this.settings, header ? settingsOf(header, t) : '');
    this.stop.hidden = !run || run.end !== undefined;
    setAttributes(this.compare, { disabled: runs.length < 2 });
    const key = JSON.stringify([runs.map(({ id, name }) => [id, name]), shown, theme]);
    if (key === this.drawn) return;
    this.drawn = key;
    this.drawList(runs, shown);
    const names = distinctNames(runs.filter(({ id }) => shown.includes(id)));
    this.chips.replaceChildren(
      ...(others.length === 0 ? [] : shown).map((id) => {
        const name = names.get(id) ?? id;
        return element(
          'span',
          { class: 'chip' },
          swatch(runColor(slots.of(id), theme)),
          element('span', { class: 'chip-name', attributes: { title: name } }, name),
          id === first
            ? undefined
            : element(
                'button',
                {
                  attributes: {
                    type: 'button',
                    'aria-label': t('Compare without {0}', name),
                    title: t('Compare without {0}', name),
                  },
                  on: {
                    click: () => {
                      this.events.compare(others.filter((other) => other !== id));
                    },
                  },
                },
                icon('close'),
              ),
        );
      }),
    );
  }

  private drawList(runs: readonly PanelRun[], [first, ...others]: readonly string[]): void {
    const full = others.length >= comparedRuns - 1;
    this.list.replaceChildren(
      ...runs
        .filter(({ id }) => id !== first)
        .map(({ id, name, startedAt }) => {
          const box = checkbox(`${name} · ${timeOf(startedAt)}`, others.includes(id), (checked) => {
            this.events.compare(checked ? [...others, id] : others.filter((other) => other !== id));
          });
          box.disabled = full && !others.includes(id);
          return box;
        }),
      ...(full ? [element('p', { class: 'nothing' }, t('{0} runs are compared at most.', comparedRuns))] : []),
    );
  }
}

/** Leaves a text that is the same alone, or a screen reader would read it out again. */
const setText = (target: HTMLElement, text: string): void => {
  if (target.textContent !== text) target.textContent = text;
};
