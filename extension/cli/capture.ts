import { basename, resolve } from 'node:path';
import { captureScript } from '../capture/capture-script';
import { findPython } from '../capture/interpreter';
import type { Capture } from '../capture/captured-experiment';
import { number } from '../diagnosis/sentence';
import { InputError } from '../protocol/errors';
import { isFolder } from '../capture/captured-experiment';
import { jsonOption, numberAtLeast, wholeNumber, type OutputOptions } from './options';
import type { RegisterCommand } from './command';

interface CaptureCommandOptions extends OutputOptions {
  out: string;
  python?: string;
  backward?: number;
  module?: string;
  timeout: number;
  verbose?: true;
}

export const registerCapture: RegisterCommand = (program, { terminal, request, shim }) => {
  const command = program
    .command('capture')
    .description('run a PyTorch script up to its first backward() and keep model, batch and settings')
    .argument('<script>', 'training script')
    .argument('[args...]', 'its arguments; after --, those that have the names of options here')
    .requiredOption('--out <folder>', 'where they go; diagnose and prescribe take this folder')
    .option('--python <path>', 'interpreter with PyTorch (default: the active environment, .venv, python3)')
    .option('--backward <n>', 'capture at the n-th backward()', wholeNumber(1))
    .option('--module <name>', 'capture the first loss that depends on a module of this name or class')
    .option('--timeout <seconds>', 'for the script to reach backward()', numberAtLeast(0, { beyond: true }), 300)
    .option('--verbose', 'show what the script prints')
    .allowUnknownOption();
  jsonOption(command).action(async (script: string, args: string[], options: CaptureCommandOptions) => {
    const { python, backward, module, timeout, verbose, json } = options;
    if (await isFolder(script)) throw new InputError(`${script}: a folder; name the training script in it.`);
    terminal.progress(`Running ${basename(script)} …`);
    const capture = await captureScript(
      {
        python: python ?? (await findPython([process.cwd()])),
        script: resolve(script),
        args: withoutSeparator(args),
        cwd: process.cwd(),
        ...(backward !== undefined && { backward }),
        ...(module !== undefined && { module }),
      },
      {
        shim,
        out: resolve(options.out),
        timeoutSeconds: timeout,
        signal: request.signal,
        ...(verbose && {
          log: (line) => {
            terminal.log(line);
          },
        }),
      },
    );
    if (json) terminal.printJson(capture);
    else terminal.print(captureReport(capture));
  });
};

/** The parser leaves `--` in where it stands behind an option that it does not know. */
function withoutSeparator(args: readonly string[]): string[] {
  const at = args.indexOf('--');
  return at < 0 ? [...args] : [...args.slice(0, at), ...args.slice(at + 1)];
}

function captureReport({ folder, network, experiment, notes }: Capture): string {
  const { loss, optimizer, clipping, schedule } = experiment;
  const parts = [
    `loss ${loss ?? 'by default'}`,
    ...(optimizer ? [`${optimizer.id} lr ${number(optimizer.lr)}`] : []),
    ...(clipping ? [`clipping by ${clipping.kind} ${number(clipping.limit)}`] : []),
    ...(schedule ? [schedule.id] : []),
  ];
  return [`${network} in ${folder}: ${parts.join(', ')}`, ...notes.map((note) => `Note: ${note}`)].join('\n');
}
