import { InputError } from './errors';

const beginning = 'version https://git-lfs.github.com/spec/';

/** @throws InputError for a file that stands for one which Git has not fetched. */
export function refuseLfsPointer(bytes: Uint8Array, path: string): void {
  if (Buffer.from(bytes.subarray(0, beginning.length)).toString('latin1') === beginning)
    throw new InputError(`${path}: a pointer of Git LFS, not the file itself. Fetch it with "git lfs pull".`);
}
