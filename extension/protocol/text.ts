/** Marks an English text that is translated where it is shown; `npm run l10n` collects it. */
export const text = (english: string): string => english;
