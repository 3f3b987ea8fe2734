/** Why an execution provider does not work, in words that say what to install. */

/** What a failed attempt left behind. */
export interface Attempt {
  /** The error of the runtime. */
  message: string;
  /** What the native code printed beside it, the loader's complaint among it. */
  printed: string;
  /** How the process ended, if it did not end by itself. */
  signal?: string;
}

const needs: Readonly<Record<string, string>> = {
  cuda: 'It needs an NVIDIA GPU with its driver, and CUDA and cuDNN in the versions that ONNX Runtime was built for.',
  webgpu: 'It needs a GPU with a Vulkan, Metal or Direct3D 12 driver.',
  dml: 'DirectML is part of Windows only.',
  coreml: 'Core ML is part of macOS only.',
};

export const notShipped = (provider: string): string =>
  `ONNX Runtime comes without it on this platform. ${needs[provider] ?? ''}`.trim();

/** One sentence or two. */
export function explain(provider: string, attempt: Attempt): string {
  if (attempt.signal) return `It crashed when it was tried (${attempt.signal}). Its driver or library does not fit.`;
  const why = provider === 'cuda' ? explainCuda(attempt) : provider === 'webgpu' ? explainWebGpu(attempt) : undefined;
  return why ?? `${attempt.message} ${needs[provider] ?? ''}`.trim();
}

/** Shared libraries by their name, and what brings them. */
const packages: readonly (readonly [pattern: RegExp, name: (version: string) => string])[] = [
  [/^libcuda\.so/, () => 'the NVIDIA driver'],
  [/^libcudnn\w*\.so\.(\d+)/, (version) => `cuDNN ${version}`],
  [/^libcufft\.so\.(\d+)/, (version) => `CUDA (cuFFT ${version})`],
  [/^libcurand\.so\.(\d+)/, (version) => `CUDA (cuRAND ${version})`],
  [/^lib(?:cudart|cublas|cublasLt|nvrtc)\.so\.(\d+)/, (version) => `CUDA ${version}`],
];

function explainCuda({ message, printed }: Attempt): string | undefined {
  const text = `${printed}\n${message}`;
  const [, missing] = /(?:error: |^)(lib[\w.+-]+): cannot open shared object file/m.exec(text) ?? [];
  // Of its own library the runtime only says that it is not there.
  if (missing?.startsWith('libonnxruntime_providers') || (!missing && /Failed to load shared library/.test(message)))
    return `ONNX Runtime's CUDA library is not installed: use "Install CUDA Support", or gradient-doctor install-cuda.`;
  if (missing) {
    const brings = packages.flatMap(([pattern, name]) => {
      const found = pattern.exec(missing);
      return found ? [name(found[1] ?? '')] : [];
    })[0];
    return `${missing} was not found. ${brings ? `It is part of ${brings}: install that` : 'Install it'}, or add its folder to LD_LIBRARY_PATH.`;
  }
  if (/undefined symbol|API version|not compatible|version `\S+' not found/i.test(text))
    return "ONNX Runtime's CUDA library is of another version than ONNX Runtime itself: install the same version of both.";
  if (/driver version is insufficient|cudaErrorInsufficientDriver/i.test(text))
    return 'The NVIDIA driver is too old for this version of CUDA: update it.';
  if (/no CUDA-capable device|cudaErrorNoDevice|CUDA failure 100\b/i.test(text))
    return 'There is no NVIDIA GPU, or this process may not see it (CUDA_VISIBLE_DEVICES).';
  return undefined;
}

function explainWebGpu({ message, printed }: Attempt): string | undefined {
  return /No supported adapters|Failed to get a WebGPU adapter/.test(`${printed}\n${message}`)
    ? 'There is no GPU with a Vulkan, Metal or Direct3D 12 driver that WebGPU can use.'
    : undefined;
}
