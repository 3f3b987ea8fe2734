import type { ThemeKind } from './colors';

/** The colours of the editor's theme, as charts use them. */
export interface Theme {
  kind: ThemeKind;
  background: string;
  foreground: string;
  muted: string;
  grid: string;
  focus: string;
  error: string;
  warning: string;
  information: string;
  success: string;
  font: { family: string; size: number };
}

const kinds: Readonly<Record<string, ThemeKind>> = {
  'vscode-light': 'light',
  'vscode-dark': 'dark',
  'vscode-high-contrast': 'high-contrast',
  'vscode-high-contrast-light': 'high-contrast-light',
};

/** Reads the theme from the classes and variables that VS Code sets on a webview's page. */
export function readTheme(body: HTMLElement = document.body): Theme {
  const style = getComputedStyle(body);
  const read = (fallback: string, ...names: string[]) =>
    names.map((name) => style.getPropertyValue(`--vscode-${name}`).trim()).find(Boolean) ?? fallback;
  const kind =
    ['vscode-high-contrast-light', 'vscode-high-contrast', 'vscode-light', 'vscode-dark']
      .filter((name) => body.classList.contains(name))
      .map((name) => kinds[name])[0] ?? 'dark';
  const light = kind === 'light' || kind === 'high-contrast-light';
  const foreground = read(light ? '#333333' : '#cccccc', 'foreground', 'editor-foreground');
  const contrast = kind.startsWith('high-contrast');
  return {
    kind,
    foreground,
    background: read(light ? '#ffffff' : '#1e1e1e', 'editor-background'),
    muted: contrast ? foreground : read(foreground, 'descriptionForeground'),
    grid: light ? (contrast ? '#00000040' : '#0000001c') : contrast ? '#ffffff40' : '#ffffff1c',
    focus: read(foreground, 'focusBorder'),
    error: read('#f14c4c', 'editorError-foreground', 'errorForeground'),
    warning: read('#cca700', 'editorWarning-foreground'),
    information: read('#3794ff', 'editorInfo-foreground'),
    success: read(light ? '#388a34' : '#89d185', 'testing-iconPassed', 'charts-green'),
    font: { family: read('sans-serif', 'font-family'), size: parseFloat(read('13', 'font-size')) || 13 },
  };
}

/** Calls back whenever the user changes the theme. @returns what ends it */
export function watchTheme(changed: (theme: Theme) => void): () => void {
  const observer = new MutationObserver(() => {
    changed(readTheme());
  });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  return () => {
    observer.disconnect();
  };
}
