import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { parseNotebook, serializeNotebook, type Notebook } from '../notebook/gradnb';
import { textOf } from '../notebook/presentation/text';
import { verdictOf } from '../notebook/presentation/summary';
import { runNotebook, type CellResult } from '../notebook/run-notebook';
import { fileTrouble, InputError, RunError } from '../protocol/errors';
import { english } from '../protocol/text';
import { unpackFinding } from '../protocol/panel-messages';
import { exitCodes, type RegisterCommand } from './command';
import { jsonOption, wholeNumber, type OutputOptions } from './options';

interface RunOptions extends OutputOptions {
  cell?: number;
  out?: string;
  ep: string;
}

export const registerRun: RegisterCommand = (program, context) => {
  const command = program
    .command('run')
    .description('run the cells of an experiment notebook and write their outputs into it')
    .argument('<notebook>', '.gradnb file')
    .option('--cell <n>', 'only this cell, counted from 1, Markdown included', wholeNumber(1))
    .option('--out <file>', 'write here and leave the notebook as it is')
    .option('--ep <id>', 'execution provider of cells that name none: auto, cpu, cuda, webgpu, …', 'auto');
  jsonOption(command).action(async (path: string, { cell, out = path, ep, json }: RunOptions) => {
    const { engine, terminal, request, version, shim } = context;
    const notebook = await readNotebook(path);
    const results: CellResult[] = [];
    const running = runNotebook(notebook, cell, {
      // Paths in cells mean the same wherever the result goes.
      folder: resolve(dirname(path)),
      trainer: engine,
      provider: ep,
      version,
      shim,
      t: english,
      signal: request.signal,
      onProgress: (message, fraction) => request.progress?.(message, fraction),
    });
    for await (const result of running) {
      results.push(result);
      // A long night's work is not lost with its last cell.
      await writeNotebook(out, notebook);
      if (!json) terminal.print(cellReport(result));
    }
    if (results.length === 0) await writeNotebook(out, notebook);
    if (json) terminal.printJson({ notebook: path, out, cells: results.map(cellDocument) });
    const last = results.at(-1);
    if (last?.error && !request.signal.aborted) {
      const message = `${path}: cell ${last.number}: ${last.error.message}`;
      throw last.error instanceof InputError ? new InputError(message) : new RunError(message);
    }
    if (results.some(({ output }) => output && verdictOf(output).findings > 0)) context.exitCode = exitCodes.findings;
  });
};

async function readNotebook(path: string): Promise<Notebook> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new InputError(`${path}: cannot be read: ${fileTrouble(error)}.`);
  }
  return parseNotebook(text, path);
}

/** Through a temporary file: a crash leaves the old notebook or the new one. */
async function writeNotebook(path: string, notebook: Notebook): Promise<void> {
  const temporary = resolve(dirname(path), `.${basename(path)}.new`);
  try {
    await writeFile(temporary, serializeNotebook(notebook));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new InputError(`${path}: cannot be written: ${fileTrouble(error)}.`);
  }
}

const cellReport = ({ number, output, error }: CellResult): string =>
  [`── cell ${number}`, ...(output ? [textOf(output)] : []), ...(error ? [`✗ ${error.message}`] : [])].join('\n');

function cellDocument({ number, kind, output, error }: CellResult) {
  return {
    cell: number,
    kind: kind ?? null,
    ...(output ? { name: nameOf(output), verdict: verdictOf(output).text } : {}),
    status: error ? 'failed' : output?.kind === 'run' && output.end?.kind === 'stopped' ? 'stopped' : 'done',
    ...(error ? { error: error.message } : {}),
    findings: output?.kind === 'run' ? output.findings.map(unpackFinding) : [],
  };
}

const nameOf = (output: NonNullable<CellResult['output']>): string | string[] =>
  output.kind === 'run' ? output.name : output.kind === 'compare' ? output.runs.map(({ name }) => name) : output.run;
