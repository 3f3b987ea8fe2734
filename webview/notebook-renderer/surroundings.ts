import type { FrameWork } from '../charts/frame-work';
import type { Theme } from '../charts/theme';
import type { Exported } from '../panel/figure-card';
import type { HostToRenderer, RendererToHost } from '../../extension/protocol/renderer-messages';

/** What the views of outputs are given. */
export interface Surroundings {
  work: FrameWork;
  theme: Theme;
  /** Undefined where nobody listens: in a viewer without the extension. */
  send: ((message: RendererToHost) => void) | undefined;
  save: (file: Exported) => void;
}

/** The view of one kind of output. */
export interface OutputView<Output> {
  readonly element: HTMLElement;
  show(output: Output): void;
  setTheme(theme: Theme): void;
  /** What the host says. */
  receive?(message: HostToRenderer): void;
}
