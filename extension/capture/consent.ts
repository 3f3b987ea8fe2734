/** Nothing of the user's is run before it was shown; what a workspace has allowed is remembered. */
import * as vscode from 'vscode';
import { basename } from 'node:path';
import type { CaptureOrigin, ModuleConstruction } from '../protocol/experiment';
import { joinArguments, splitArguments } from './command-line';

const memoryKey = 'gradientDoctor.capture';

/** What is remembered of a script of this workspace. */
interface Remembered {
  args: readonly string[];
  /** The command that may run without asking. */
  allowed?: string;
}

export class Consent {
  constructor(private readonly memory: vscode.Memento) {}

  /** Shows what will run, and asks. @returns the origin with the arguments to use, undefined where the user declines */
  async ask(origin: CaptureOrigin): Promise<CaptureOrigin | undefined> {
    const known = this.remembered(origin.script);
    let wanted = { ...origin, args: known?.args ?? origin.args };
    if (known?.allowed === commandOf(wanted)) return wanted;
    const run = vscode.l10n.t('Run');
    const always = vscode.l10n.t('Always Run in This Workspace');
    const edit = vscode.l10n.t('Change Arguments…');
    for (;;) {
      const answer = await vscode.window.showInformationMessage(
        vscode.l10n.t('Run {0} to get its network?', basename(origin.script)),
        {
          modal: true,
          detail: vscode.l10n.t(
            '{0}\n\nin {1}\n\nThe script runs up to its first backward(), and ends before a weight changes.',
            commandOf(wanted),
            origin.cwd,
          ),
        },
        run,
        always,
        edit,
      );
      if (answer === edit) {
        const args = await askArguments(origin.script, wanted.args);
        if (args) wanted = { ...wanted, args };
        continue;
      }
      if (answer === undefined) return undefined;
      await this.remember(origin.script, {
        args: wanted.args,
        ...(answer === always && { allowed: commandOf(wanted) }),
      });
      return wanted;
    }
  }

  /**
   * Shows which class will be made, of what, and asks each time: nothing but a click, where the answers are remembered.
   * @param change asks for other answers
   */
  async askForModule(
    origin: CaptureOrigin,
    construct: ModuleConstruction,
    change: () => Promise<ModuleConstruction | undefined>,
  ): Promise<CaptureOrigin | undefined> {
    const args = this.remembered(origin.script)?.args ?? origin.args;
    const run = vscode.l10n.t('Run');
    const edit = vscode.l10n.t('Change Arguments…');
    for (let wanted = construct; ;) {
      const inputs = wanted.inputs.trim() === '' ? vscode.l10n.t('inputs that fit its layers') : wanted.inputs;
      const answer = await vscode.window.showInformationMessage(
        vscode.l10n.t('Construct {0} to get its network?', wanted.class),
        {
          modal: true,
          detail: vscode.l10n.t(
            '{0}, called on {1}\n\n{2}\n\nin {3}\n\nOf the file, only what the class needs is run.',
            `${wanted.class}(${wanted.arguments})`,
            inputs,
            commandOf({ ...origin, args }),
            origin.cwd,
          ),
        },
        run,
        edit,
      );
      if (answer === undefined) return undefined;
      if (answer === run) return { ...origin, args, construct: wanted };
      wanted = (await change()) ?? wanted;
    }
  }

  private remembered(script: string): Remembered | undefined {
    return this.memory.get<Readonly<Record<string, Remembered>>>(memoryKey, {})[script];
  }

  private remember(script: string, remembered: Remembered): Thenable<void> {
    const all = this.memory.get<Readonly<Record<string, Remembered>>>(memoryKey, {});
    return this.memory.update(memoryKey, { ...all, [script]: remembered });
  }
}

const commandOf = ({ python, script, args }: CaptureOrigin): string => joinArguments([python, script, ...args]);

async function askArguments(script: string, args: readonly string[]): Promise<string[] | undefined> {
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Arguments of {0}', basename(script)),
    value: joinArguments(args),
    prompt: vscode.l10n.t('As on the command line'),
  });
  return text === undefined ? undefined : splitArguments(text);
}
