import { plural } from '../diagnosis/sentence';
import { lintFiles, type LintRecord } from '../source/lint-files';
import type { RegisterCommand } from './command';
import { exitCodeOf } from './diagnose';
import { jsonOption, list, type OutputOptions } from './options';

interface LintOptions extends OutputOptions {
  fix?: true;
  rule?: string[];
}

export const registerLint: RegisterCommand = (program, context) => {
  const command = program
    .command('lint')
    .description('find what keeps networks from training in .py, .ts, .js and .ipynb files')
    .argument('<path...>', 'files and folders')
    .option('--fix', 'write the fixes that are safe into the files; with --rule, the first fix of those rules')
    .option('--rule <codes>', 'only these rules, as in GD101,GD301', list);
  jsonOption(command).action(async (paths: string[], { json, fix, rule }: LintOptions) => {
    const { records, files, fixed, notes } = await lintFiles(paths, {
      ...(rule ? { only: rule } : {}),
      ...(fix ? { fix } : {}),
      signal: context.request.signal,
      progress: (done, total) => {
        context.terminal.progress(`linting ${done} of ${total}`);
      },
    });
    for (const note of notes) context.terminal.error(note);
    if (json) context.terminal.printJson(records);
    else context.terminal.print(lintReport(records, files, fixed));
    context.exitCode = exitCodeOf(records);
  });
};

const lintReport = (records: readonly LintRecord[], files: number, fixed: number): string => {
  const lines = records.map(({ file, range, severity, rule, message, fixes }) => {
    const place = `${file}:${range.start.line + 1}:${range.start.character + 1}`;
    const fix = fixes[0] ? `\n  fix: ${fixes[0].title}` : '';
    return `${place} ${severity} ${rule} ${message}${fix}`;
  });
  const count = records.length === 0 ? 'No findings' : plural(records.length, 'finding');
  return [...lines, `${count} in ${plural(files, 'file')}${fixed > 0 ? `, ${fixed} fixed` : ''}.`].join('\n');
};
