/** The node tests of the onnx package, as scripts/onnx-node-tests.py packs them. */
import { unzipSync } from 'fflate';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(__dirname, '../../..');

/** The models by the name of their test. */
export const nodeTests = (): Map<string, Uint8Array> =>
  new Map(
    Object.entries(unzipSync(readFileSync(join(root, 'test/fixtures/onnx-node-tests.zip')))).map(([file, bytes]) => [
      file.replace(/\.onnx$/, ''),
      bytes,
    ]),
  );

export interface Exception {
  tests: RegExp;
  why: string;
  /** The numeric check applies to it, so that it counts against the share that passes. */
  counts: boolean;
}

/** What does not pass, and why. The first that matches a name stands. */
export const exceptions: readonly Exception[] = [
  {
    tests: /^(ceil|floor)(_example)?$|^(round|sign)$|^hardmax_/,
    why: 'constant by pieces: there is no slope to compare with',
    counts: false,
  },
  {
    tests: /^training_dropout(_default)?(_mask)?$/,
    why: 'draws other random numbers in every run',
    counts: false,
  },
  {
    tests: /^(gru|lstm|simple_rnn)_batchwise$|^mod_float.*_fmod_0|^pow_types_float32_uint|^roialign_/,
    why: 'ONNX Runtime has no CPU kernel that runs it',
    counts: false,
  },
  { tests: /^(compress|unique)_/, why: 'the size of the output depends on the data', counts: true },
  { tests: /^maxunpool_export_with_output_shape$/, why: 'ONNX Runtime does not infer its shape', counts: true },
  { tests: /^gridsample_volumetric_/, why: 'opset 18 samples images of two dimensions only', counts: true },
  {
    tests: /^attention_(3d_with_past_and_present_qk_matmul_softcap|4d_softcap_neginf_mask|4d_with_qk_matmul_softcap)/,
    why: 'a soft cap together with a mask means different things to different runtimes: refused',
    counts: true,
  },
  { tests: /^lstm_with_peepholes$/, why: 'peepholes are refused: no exporter writes them', counts: true },
  { tests: /^scan_sum$/, why: 'the batched Scan of opset 8, which no exporter writes', counts: true },
];

export const exceptionOf = (test: string): Exception | undefined => exceptions.find(({ tests }) => tests.test(test));
