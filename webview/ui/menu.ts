import { element, focusedWithin } from './dom';
import type { Button } from './widgets';

/** A list of things to do that opens below a button: arrow keys move, Escape closes. */
export function menu(button: Button, items: readonly { label: string; run: () => void }[]): HTMLElement {
  const list = element('div', { class: 'menu-items', attributes: { role: 'menu', hidden: true } });
  const close = (focus: boolean) => {
    list.hidden = true;
    button.setAttribute('aria-expanded', 'false');
    if (focus) button.focus();
  };
  const entries = items.map(({ label, run }) =>
    element(
      'button',
      {
        class: 'menu-item',
        attributes: { role: 'menuitem', tabindex: -1, type: 'button' },
        on: {
          click: () => {
            close(true);
            run();
          },
        },
      },
      label,
    ),
  );
  list.append(...entries);
  list.addEventListener('keydown', (event) => {
    const at = entries.indexOf(focusedWithin(list) as HTMLButtonElement);
    const move = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 }[event.key];
    if (event.key === 'Escape') close(true);
    else if (move === undefined) return;
    else entries.at(move % entries.length)?.focus();
    event.preventDefault();
  });
  list.addEventListener('focusout', (event) => {
    if (!list.contains(event.relatedTarget as Node | null) && event.relatedTarget !== button) close(false);
  });
  button.setAttribute('aria-haspopup', 'menu');
  button.setAttribute('aria-expanded', 'false');
  button.addEventListener('click', () => {
    if (!list.hidden) {
      close(true);
      return;
    }
    list.hidden = false;
    button.setAttribute('aria-expanded', 'true');
    entries[0]?.focus();
  });
  return element('span', { class: 'menu' }, button, list);
}
