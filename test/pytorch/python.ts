/** The Python with PyTorch that `npm test` found or made for this stage. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export const python = process.env.GRADIENT_DOCTOR_PYTHON ?? 'python3';

const execute = promisify(execFile);

/** Runs a program given as text. @throws with its traceback where it fails */
export const runPython = async (program: string, ...args: readonly string[]): Promise<string> =>
  (await execute(python, ['-c', program, ...args], { maxBuffer: 2 ** 28 })).stdout;
