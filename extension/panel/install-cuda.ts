import * as vscode from 'vscode';
import { commands } from '../editor/contributions';
import { cudaRuntimeIn, installCudaRuntime } from '../trainer/cuda-runtime';
import { runtimeVariable } from '../trainer/library';

/** The copy of ONNX Runtime that has CUDA, in the storage of the extension. */
export class CudaSupport {
  private readonly folder: string;

  /** @param installed is told when there is another copy: trainers that run have the old one */
  constructor(
    storage: vscode.Uri,
    private readonly trainer: string,
    private readonly installed: () => Promise<void>,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.folder = vscode.Uri.joinPath(storage, 'cuda-runtime').fsPath;
  }

  /** For the environment of a trainer. On Ampere and later, float32 is rounded to TF32 unless this forbids it. */
  environment(): Record<string, string> {
    const runtime = cudaRuntimeIn(this.folder);
    return runtime === undefined ? {} : { [runtimeVariable]: runtime, NVIDIA_TF32_OVERRIDE: '0' };
  }

  /** Uses the library that a setting names. */
  async useLibrary(library: string): Promise<void> {
    try {
      await this.install(library);
    } catch (error) {
      this.report(error);
    }
  }

  /** The command: says what will happen, asks where the library comes from, and makes the copy. */
  async ask(): Promise<void> {
    const download = vscode.l10n.t('Download');
    const choose = vscode.l10n.t('Use a Library I Have…');
    const answer = await vscode.window.showInformationMessage(
      vscode.l10n.t('Train on an NVIDIA GPU?'),
      {
        modal: true,
        detail: vscode.l10n.t(
          'This downloads the CUDA library of ONNX Runtime (about 270 MB) for Linux x64. It needs the NVIDIA driver, CUDA 12 and cuDNN 9, which you install yourself. A library that you already have works with the CUDA it was built for.',
        ),
      },
      download,
      choose,
    );
    if (!answer) return;
    const picked =
      answer === choose
        ? await vscode.window.showOpenDialog({
            title: vscode.l10n.t('The folder that holds libonnxruntime_providers_cuda.so'),
            canSelectFolders: true,
            canSelectFiles: false,
          })
        : undefined;
    if (answer === choose && !picked?.[0]) return;
    try {
      await vscode.window.withProgress(
        {
          location: vscode.ProgressLocation.Notification,
          title: vscode.l10n.t('Installing CUDA support'),
          cancellable: true,
        },
        async (progress, token) => {
          const abort = new AbortController();
          token.onCancellationRequested(() => {
            abort.abort();
          });
          await this.install(picked?.[0]?.fsPath, abort.signal, (message) => {
            progress.report({ message });
          });
        },
      );
    } catch (error) {
      this.report(error);
      return;
    }
    await vscode.commands.executeCommand(commands.selectProvider);
  }

  private async install(library?: string, signal?: AbortSignal, report?: (line: string) => void): Promise<void> {
    await installCudaRuntime({
      trainer: this.trainer,
      to: this.folder,
      library,
      signal,
      log: (line) => {
        this.log.info(line);
        report?.(line);
      },
    });
    await this.installed();
  }

  private report(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.log.error(message);
    void vscode.window.showErrorMessage(message);
  }
}
