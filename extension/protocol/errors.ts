/**
 * The input cannot be used as it is: unreadable model or data, an operator without a gradient, shapes that do not fit,
 * bad usage. The message is one line for the user: it names the file, the place and what to do. Exit code 2.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** The run itself failed: provider lost, out of memory, trainer died. Exit code 3. */
export class RunError extends Error {
  override readonly name = 'RunError';
}
