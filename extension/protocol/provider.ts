/** An execution provider of ONNX Runtime on this machine. */
export interface ProviderInfo {
  id: string;
  usable: boolean;
  /** Why it is not usable, and what to install. */
  why?: string;
  device?: string;
  /** Seconds for one pass through a network of the size that one experiments with; measured where several work. */
  timeProbe?: number;
}

/** The one that was fastest when all were measured; the CPU where none was. */
export const fastestProvider = (providers: readonly ProviderInfo[]): string =>
  providers
    .filter(({ usable, timeProbe }) => usable && timeProbe !== undefined)
    .sort((a, b) => a.timeProbe! - b.timeProbe!)[0]?.id ?? 'cpu';
