/** The editor's own look for what a user presses and types in. Nothing else imports the toolkit. */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeTextField,
  type Button,
  type Checkbox,
  type Dropdown,
  type TextField,
} from '@vscode/webview-ui-toolkit';
import { setAttributes } from './dom';
import { icon, type IconName } from './icons';

export type { Button, Checkbox, Dropdown, TextField };

/** Defines the elements; once per page, before the first is made. */
export function registerWidgets(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodeTextField(),
  );
}

declare global {
  interface HTMLElementTagNameMap {
    'vscode-button': Button;
    'vscode-checkbox': Checkbox;
    'vscode-dropdown': Dropdown;
    'vscode-option': HTMLElement;
    'vscode-text-field': TextField;
  }
}

/** A button with an icon alone; `label` is its name and its tooltip. */
export function iconButton(name: IconName, label: string, pressed: () => void): Button {
  const button = document.createElement('vscode-button');
  button.append(icon(name));
  button.addEventListener('click', pressed);
  setIconButton(button, name, label);
  setAttributes(button, { appearance: 'icon' });
  return button;
}

export function setIconButton(button: Button, name: IconName, label: string): void {
  button.replaceChildren(icon(name));
  setAttributes(button, { 'aria-label': label, title: label });
}

/** A button with words. */
export function textButton(
  label: string,
  pressed: () => void,
  appearance: 'primary' | 'secondary' = 'secondary',
): Button {
  const button = document.createElement('vscode-button');
  button.textContent = label;
  setAttributes(button, { appearance });
  button.addEventListener('click', pressed);
  return button;
}

export interface Choice {
  value: string;
  label: string;
}

/** One of several. */
export function dropdown(
  label: string,
  choices: readonly Choice[],
  value: string,
  changed: (value: string) => void,
): Dropdown {
  const made = document.createElement('vscode-dropdown');
  setAttributes(made, { 'aria-label': label });
  setChoices(made, choices, value);
  made.addEventListener('change', () => {
    changed(made.value);
  });
  return made;
}

export function setChoices(target: Dropdown, choices: readonly Choice[], value: string): void {
  const key = JSON.stringify(choices);
  if (target.dataset.choices !== key) {
    target.dataset.choices = key;
    target.replaceChildren(
      ...choices.map((choice) => {
        const option = document.createElement('vscode-option');
        setAttributes(option, { value: choice.value });
        option.textContent = choice.label;
        return option;
      }),
    );
  }
  target.value = value;
}

/** A text field that tells every keystroke. */
export function searchField(label: string, changed: (text: string) => void): TextField {
  const made = document.createElement('vscode-text-field');
  setAttributes(made, { placeholder: label, 'aria-label': label, type: 'text' });
  made.addEventListener('input', () => {
    changed(made.value);
  });
  return made;
}

export function checkbox(label: string, checked: boolean, changed: (checked: boolean) => void): Checkbox {
  const made = document.createElement('vscode-checkbox');
  made.textContent = label;
  setAttributes(made, { 'aria-label': label, checked });
  made.addEventListener('change', () => {
    changed(made.checked);
  });
  return made;
}
