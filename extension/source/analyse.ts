/** One file's networks and training loops, as far as they can be known without running it. */
import { Interpreter, type FindModule } from './interpreter';
import type { ParsedSource } from './parse';
import { pyTorch } from './pytorch';
import { tensorFlow } from './tensorflow';
import type { Trace } from './trace';

export type Framework = 'pytorch' | 'tensorflow';

export const frameworkOf = (file: ParsedSource): Framework =>
  file.source.language === 'python' ? 'pytorch' : 'tensorflow';

/** Follows a file. `findModule` finds the project's own files that it imports; without it, they stay unknown. */
export const analyse = (file: ParsedSource, findModule?: FindModule): Trace =>
  new Interpreter(file, frameworkOf(file) === 'pytorch' ? pyTorch : tensorFlow, findModule).run();
