/** Which Python runs a script where nobody has said. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

const isWindows = process.platform === 'win32';
const inEnvironment = (folder: string): string => join(folder, isWindows ? 'Scripts/python.exe' : 'bin/python');

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/**
 * The environment that is active, else `.venv` or `venv` in one of the folders, else the system's Python.
 * @param folders in this order
 */
export async function findPython(
  folders: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const active = [environment.VIRTUAL_ENV, environment.CONDA_PREFIX].filter((folder) => folder !== undefined);
  const candidates = [
    ...active.map((folder) =>
      isWindows && folder === environment.CONDA_PREFIX ? join(folder, 'python.exe') : inEnvironment(folder),
    ),
    ...folders.flatMap((folder) => ['.venv', 'venv'].map((name) => inEnvironment(join(folder, name)))),
  ];
  for (const candidate of candidates) if (await isExecutable(candidate)) return candidate;
  const names = isWindows ? ['python.exe', 'py.exe'] : ['python3', 'python'];
  for (const name of names)
    for (const folder of (environment.PATH ?? '').split(delimiter))
      if (folder !== '' && (await isExecutable(join(folder, name)))) return name;
  return names[0]!;
}
