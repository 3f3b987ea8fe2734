/** An execution provider of ONNX Runtime on this machine. */
export interface ProviderInfo {
  id: string;
  usable: boolean;
  /** Why it is not usable, and what to install. */
  why?: string;
  device?: string;
}
