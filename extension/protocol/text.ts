/** Marks an English text that is translated where it is shown; `npm run l10n` collects it. */
export const text = (english: string): string => english;

/** Puts an English text, with {0}, {1} for values, into the language of who reads it. */
export type Translate = (text: string, ...values: (string | number)[]) => string;

/** For files and terminals, which speak English. */
export const english: Translate = (text, ...values) =>
  text.replaceAll(/\{(\d+)\}/g, (place, index: string) => String(values[Number(index)] ?? place));
