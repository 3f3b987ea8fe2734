/**
 * The input cannot be used as it is: unreadable model or data, an operator without a gradient, shapes that do not fit,
 * bad usage. The message is one line for the user: it names the file, the place and what to do. Exit code 2.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
}

const fileTroubles: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'access is denied',
  EPERM: 'access is denied',
  EROFS: 'the disk is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is a file, not a folder',
  ENOSPC: 'the disk is full',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links go round in a circle',
  // As the editor calls them.
  FileNotFound: 'there is no such file or folder',
  NoPermissions: 'access is denied',
  FileIsADirectory: 'it is a folder',
  FileNotADirectory: 'a part of the path is a file, not a folder',
};

/** Why a file could not be read or written, in words: "model.onnx: cannot be read: " + this. */
export const fileTrouble = (error: unknown): string =>
  error instanceof Error ? (fileTroubles['code' in error ? String(error.code) : ''] ?? error.message) : String(error);

/** The run itself failed: provider lost, out of memory, trainer died. Exit code 3. */
export class RunError extends Error {
  override readonly name = 'RunError';
}
