/** Making elements without markup: the content security policy allows neither inline style nor script. */

type Child = Node | string | undefined;

interface Properties {
  class?: string;
  /** Attributes; `undefined` and `false` leave one out, `true` sets it empty. */
  attributes?: Readonly<Record<string, string | number | boolean | undefined>>;
  on?: Readonly<Record<string, (event: Event) => void>>;
}

/** An element with its attributes, listeners and children. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (properties.class) made.className = properties.class;
  setAttributes(made, properties.attributes ?? {});
  for (const [type, listener] of Object.entries(properties.on ?? {})) made.addEventListener(type, listener);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

export function setAttributes(target: Element, attributes: NonNullable<Properties['attributes']>): void {
  for (const [name, value] of Object.entries(attributes))
    if (value === undefined || value === false) target.removeAttribute(name);
    else target.setAttribute(name, value === true ? '' : String(value));
}

/** What has the focus within an element, also where it stands in a shadow tree: the document then names only its host. */
export function focusedWithin(container: Element): Element | undefined {
  const { activeElement } = container.getRootNode() as Document | ShadowRoot;
  return activeElement && container.contains(activeElement) ? activeElement : undefined;
}

/** A small square of a colour. */
export function swatch(color: string): HTMLElement {
  const made = element('span', { class: 'swatch', attributes: { 'aria-hidden': 'true' } });
  made.style.setProperty('background-color', color);
  return made;
}

let ids = 0;

/** An id that nothing else on the page has. */
export const uniqueId = (prefix: string): string => `${prefix}-${++ids}`;
