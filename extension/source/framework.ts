import type { SourceText } from './text';

/** Whether a text speaks of a framework at all; the others are not followed. */
export const concernsFramework = ({ language, text }: Pick<SourceText, 'language' | 'text'>): boolean =>
  language === 'python'
    ? /\b(torch|lightning|pytorch_lightning|transformers|accelerate)\b/.test(text)
    : /@tensorflow\/tfjs|\btf\./.test(text);
