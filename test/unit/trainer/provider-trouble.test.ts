import assert from 'node:assert/strict';
import { explain } from '../../../extension/trainer/provider-trouble';

const unloadable = (library: string): string =>
  `2026-11-25 [E:onnxruntime:onnxruntime-node, provider_bridge_ort.cc:2146 Create] Failed to load library /x/libonnxruntime_providers_cuda.so with error: ${library}: cannot open shared object file: No such file or directory`;
const message = 'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library';

describe('why CUDA does not work', () => {
  for (const [library, expected] of [
    ['libcublasLt.so.13', /^libcublasLt\.so\.13 was not found\. It is part of CUDA 13: install that/],
    ['libcudnn.so.9', /^libcudnn\.so\.9 was not found\. It is part of cuDNN 9/],
    ['libcuda.so.1', /It is part of the NVIDIA driver/],
    ['libfoo.so.2', /^libfoo\.so\.2 was not found\. Install it, or add its folder to LD_LIBRARY_PATH\.$/],
    ['libonnxruntime_providers_shared.so', /CUDA library is not installed: use "Install CUDA Support"/],
  ] as const)
    it(`names the missing ${library} and what brings it`, () => {
      assert.match(explain('cuda', { message, printed: unloadable(library) }), expected);
    });

  it('takes silence about the library for its absence', () => {
    assert.match(explain('cuda', { message, printed: '' }), /is not installed/);
  });

  it('tells a missing device from an old driver and from another version', () => {
    const of = (printed: string) => explain('cuda', { message: 'CUDA failure', printed });
    assert.match(of('CUDA failure 100: no CUDA-capable device is detected'), /no NVIDIA GPU/);
    assert.match(of('CUDA driver version is insufficient for CUDA runtime version'), /too old/);
    assert.match(of('undefined symbol: OrtGetApiBase'), /another version/);
  });

  it('survives a driver that crashes', () => {
    assert.match(explain('webgpu', { message: '', printed: '', signal: 'SIGSEGV' }), /crashed .*SIGSEGV/);
  });
});
