/** Type checks programs that are not on disk. */
import { join } from 'node:path';
import ts from 'typescript';

export const typeErrors = (texts: readonly string[]): string[] => {
  const files = new Map(texts.map((text, index) => [join(process.cwd(), `edited-${index}.mts`), text]));
  const options: ts.CompilerOptions = {
    strict: true,
    noImplicitOverride: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: [],
  };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => files.has(path) || disk.fileExists(path),
    readFile: (path) => files.get(path) ?? disk.readFile(path),
    getSourceFile: (path, ...rest) => {
      const text = files.get(path);
      return text === undefined
        ? disk.getSourceFile(path, ...rest)
        : ts.createSourceFile(path, text, ts.ScriptTarget.ES2022);
    },
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ messageText, file, start }) =>
        `${file?.text.slice(start, start! + 60)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
};
