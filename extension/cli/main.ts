/** Parses the command line, runs the command, and turns what it throws into one line and an exit code. */
import { Command, CommanderError } from 'commander';
import { InputError, RunError } from '../protocol/errors';
import { exitCodes, type CommandContext, type Engine } from './command';
import { commands } from './commands';
import type { RequestOptions } from '../trainer/host';
import type { Terminal } from './terminal';

/** What the command line is given by the process that it runs in. */
export interface Surroundings {
  engine: Engine;
  terminal: Terminal;
  /** Aborted when the user interrupts. */
  signal: AbortSignal;
  /** The folder of the shim that captures models. */
  shim: string;
  version: string;
}

/**
 * @param args without the interpreter and the script
 * @returns the exit code
 */
export async function main(
  args: readonly string[],
  { engine, terminal, signal, shim, version }: Surroundings,
): Promise<number> {
  const progress: RequestOptions['progress'] = (phase, fraction) => {
    terminal.progress(fraction === undefined ? `${phase} …` : `${phase} … ${Math.round(100 * fraction)} %`);
  };
  const context: CommandContext = {
    engine,
    terminal,
    shim,
    version,
    request: { signal, progress },
    exitCode: exitCodes.done,
  };
  try {
    await programOf(context, version).parseAsync(args, { from: 'user' });
    return signal.aborted ? exitCodes.interrupted : context.exitCode;
  } catch (error) {
    if (signal.aborted) {
      terminal.error('Interrupted.');
      return exitCodes.interrupted;
    }
    return report(error, terminal);
  } finally {
    terminal.clearProgress();
    await engine.dispose();
  }
}

function programOf(context: CommandContext, version: string): Command {
  const { terminal } = context;
  const program = new Command('gradient-doctor')
    .description('Finds out why a network does not train.')
    .version(version)
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({
      writeOut: (text) => {
        terminal.print(text.trimEnd());
      },
      // The help, where no command is named or an unknown one.
      writeErr: (text) => {
        terminal.log(text.trimEnd());
      },
      outputError: (text) => {
        terminal.error(`${sentence(text.replace(/^error: /, ''))} See gradient-doctor --help.`);
      },
    });
  for (const register of commands) register(program, context);
  return program;
}

/** With a full stop, where whoever wrote it left that to others. */
const sentence = (text: string): string => text.trim().replace(/[^.!?]$/, '$&.');

function report(error: unknown, terminal: Terminal): number {
  // Help and version also come this way; whatever commander had to say, it has said.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.badInput;
  if (error instanceof InputError) {
    terminal.error(error.message);
    return exitCodes.badInput;
  }
  terminal.error(error instanceof RunError ? error.message : `Unexpected failure: ${messageOf(error)}`);
  return exitCodes.runFailed;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
