let texts: Readonly<Record<string, string>> = {};

/** The translations that the host sent; what is missing stays English. */
export function setTexts(translations: Readonly<Record<string, string>>): void {
  texts = translations;
}

/** A text in the user's language, its places {0}, {1}, … filled in. */
export const t = (text: string, ...values: (string | number)[]): string =>
  (texts[text] ?? text).replaceAll(/\{(\d+)\}/g, (place, index: string) => String(values[Number(index)] ?? place));
