import { homedir } from 'node:os';
import { join } from 'node:path';
import { runtimeVariable } from '../trainer/library';
import { installCudaRuntime } from '../trainer/cuda-runtime';
import type { RegisterCommand } from './command';

const usual = join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local/share'), 'gradient-doctor', 'cuda-runtime');

export const registerInstallCuda: RegisterCommand = (program, { terminal, request }) => {
  program
    .command('install-cuda')
    .description('a copy of ONNX Runtime with its CUDA library, for NVIDIA GPUs on Linux x64')
    .option('--library <path>', 'use the CUDA library in this folder; downloaded (about 270 MB) where left out')
    .option('--out <folder>', 'where the copy goes', usual)
    .action(async ({ library, out }: { library?: string; out: string }) => {
      const folder = await installCudaRuntime({
        trainer: join(__dirname, 'trainer.js'),
        to: out,
        library,
        signal: request.signal,
        log: (line) => {
          terminal.progress(line);
        },
      });
      terminal.print(`export ${runtimeVariable}=${folder}`);
    });
};
