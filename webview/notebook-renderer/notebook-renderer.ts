/** Shows the outputs of experiment notebooks: VS Code loads this into the page of a notebook and calls `activate`. */
import { FrameWork } from '../charts/frame-work';
import { themeKinds, type ThemeKind } from '../charts/colors';
import { readTheme, watchTheme, type Theme } from '../charts/theme';
import panelStyles from '../panel/panel.css';
import trialStyles from '../prescription/trials.css';
import type { Exported } from '../panel/figure-card';
import { element } from '../ui/dom';
import toolkitTheme from '../ui/toolkit-theme.css';
import { setTexts, t } from '../ui/l10n';
import { registerWidgets } from '../ui/widgets';
import { readOutput, type CellOutput } from '../../extension/protocol/notebook-output';
import type { HostToRenderer, RendererToHost } from '../../extension/protocol/renderer-messages';
import { CompareView } from './compare-view';
import styles from './notebook-renderer.css';
import { PrescribeView } from './prescribe-view';
import { RunView } from './run-view';
import type { OutputView, Surroundings } from './surroundings';
import { SweepView } from './sweep-view';

interface OutputItem {
  id: string;
  json(): unknown;
}

/** What VS Code gives a renderer. */
interface RendererContext {
  postMessage?(message: RendererToHost): void;
  onDidReceiveMessage?(listener: (message: HostToRenderer) => void): unknown;
}

/** What VS Code calls. */
interface Renderer {
  renderOutputItem(item: OutputItem, place: HTMLElement): void | Promise<void>;
  disposeOutputItem(id?: string): void;
}

interface Shown {
  kind: CellOutput['kind'];
  host: HTMLElement;
  view: OutputView<CellOutput>;
  output: CellOutput;
}

/** Until then the host has sent its texts, or nobody listens. */
const patienceMilliseconds = 1500;

export function activate(context: RendererContext): Renderer {
  registerWidgets();
  const shown = new Map<string, Shown>();
  const work = new FrameWork();
  const send =
    context.postMessage &&
    ((message: RendererToHost) => {
      context.postMessage!(message);
    });
  const surroundings: Surroundings = {
    work,
    theme: readTheme(),
    send,
    save: (file) => {
      if (send) send(saved(file));
      else download(file);
    },
  };
  watchTheme((theme: Theme) => {
    surroundings.theme = theme;
    for (const { view } of shown.values()) {
      markTheme(view.element, theme.kind);
      view.setTheme(theme);
    }
  });
  const ready = new Promise<void>((resolve) => {
    if (!send || !context.onDidReceiveMessage) {
      resolve();
      return;
    }
    context.onDidReceiveMessage((message) => {
      for (const { view } of shown.values()) view.receive?.(message);
      if (message.type !== 'hello') return;
      setTexts(message.texts);
      document.documentElement.lang = message.language;
      resolve();
    });
    send({ type: 'ready' });
    setTimeout(resolve, patienceMilliseconds);
  });
  return {
    async renderOutputItem(item: OutputItem, place: HTMLElement) {
      await ready;
      const output = readOutput(item.json());
      if (!output) {
        place.replaceChildren(
          element('p', {}, t('This output was written by another version. Its other forms can be chosen beside it.')),
        );
        return;
      }
      let one = shown.get(item.id);
      if (one?.kind !== output.kind) {
        one = newView(output, surroundings);
        shown.set(item.id, one);
      }
      if (one.host.parentNode !== place) place.replaceChildren(one.host);
      one.output = output;
      one.view.show(output);
    },
    disposeOutputItem(id) {
      if (id === undefined) shown.clear();
      else shown.delete(id);
    },
  };
}

function newView(output: CellOutput, surroundings: Surroundings): Shown {
  const view = viewOf(output.kind, surroundings);
  const host = element('div', { attributes: { 'data-output': output.kind } });
  host.addEventListener('keydown', keepNavigation);
  const shadow = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  // A sheet that is made takes no imports: the panel's own is done here.
  sheet.replaceSync([panelStyles.replace(/^@import .*$/m, ''), trialStyles, toolkitTheme, styles].join('\n'));
  shadow.adoptedStyleSheets = [sheet];
  shadow.append(view.element);
  markTheme(view.element, surroundings.theme.kind);
  return { kind: output.kind, host, view, output };
}

const navigation: ReadonlySet<string> = new Set([
  ...['ArrowDown', 'ArrowUp', 'ArrowLeft', 'ArrowRight'],
  ...['Home', 'End', 'PageDown', 'PageUp', 'Enter', ' '],
]);

/** The editor would move from cell to cell by the keys that move within a table, a slider or a menu here. */
function keepNavigation(event: KeyboardEvent): void {
  const chord = event.ctrlKey || event.metaKey || event.altKey;
  if (event.defaultPrevented || (navigation.has(event.key) && !chord && !event.shiftKey)) event.stopPropagation();
}

/** The classes of the page, which no rule in a shadow tree sees. */
function markTheme(root: HTMLElement, shown: ThemeKind): void {
  for (const kind of themeKinds) root.classList.toggle(`vscode-${kind}`, kind === shown);
}

function viewOf(kind: CellOutput['kind'], surroundings: Surroundings): OutputView<CellOutput> {
  switch (kind) {
    case 'run':
      return new RunView(surroundings);
    case 'compare':
      return new CompareView(surroundings);
    case 'sweep':
      return new SweepView(surroundings);
    case 'prescribe':
      return new PrescribeView(surroundings);
  }
}

const saved = ({ name, content }: Exported): RendererToHost =>
  typeof content === 'string'
    ? { type: 'save', name, text: content }
    : { type: 'save', name, base64: base64Of(content) };

const base64Of = (bytes: Uint8Array): string => {
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
};

/** Where no host is there to ask where the file goes. */
function download({ name, content }: Exported): void {
  const url = URL.createObjectURL(new Blob([content as BlobPart]));
  element('a', { attributes: { href: url, download: name } }).click();
  URL.revokeObjectURL(url);
}
