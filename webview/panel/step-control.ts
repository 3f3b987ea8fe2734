import { element, setAttributes } from '../ui/dom';
import { t } from '../ui/l10n';
import { iconButton, setIconButton } from '../ui/widgets';

/** The whole run goes by in this time … */
const playMilliseconds = 10_000;
const frameMilliseconds = 50;
/** … and in slower, larger jumps for who asked for less motion. */
const reducedFrameMilliseconds = 1000;

/** Which step the charts show: a slider, play and pause, and "latest", which follows a run that goes on. */
export class StepControl {
  readonly element: HTMLElement;
  private readonly slider = element('input', {
    attributes: { type: 'range', min: 0, max: 0, 'aria-label': t('Step') },
  });
  private readonly label = element('output', { class: 'step-label' });
  private readonly play = iconButton('play', t('Play the steps'), () => {
    if (this.timer === undefined) this.start();
    else this.stop();
  });
  private readonly latest = iconButton('latest', t('Follow the latest step'), () => {
    this.choose(undefined);
  });
  private steps: ArrayLike<number> = [];
  private length = 0;
  /** Undefined: the latest. */
  private chosen: number | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;

  /** @param changed the step chosen; undefined for the latest */
  constructor(private readonly changed: (step: number | undefined) => void) {
    this.slider.addEventListener('input', () => {
      this.stop();
      const index = Number(this.slider.value);
      this.choose(index >= this.length - 1 ? undefined : this.steps[index]);
    });
    this.element = element(
      'div',
      { class: 'step-control', attributes: { role: 'group', 'aria-label': t('Step') } },
      this.play,
      this.slider,
      this.label,
      this.latest,
    );
  }

  /** The step shown. */
  get step(): number {
    return this.chosen ?? (this.length > 0 ? this.steps[this.length - 1]! : 0);
  }

  /** @param steps the numbers of the steps there are, ascending */
  show(steps: ArrayLike<number>, length: number): void {
    this.steps = steps;
    this.length = length;
    setAttributes(this.slider, { max: Math.max(0, length - 1), disabled: length < 2 });
    this.draw();
  }

  choose(step: number | undefined): void {
    this.chosen = step;
    this.draw();
    this.changed(step);
  }

  private draw(): void {
    const last = this.length > 0 ? this.steps[this.length - 1]! : 0;
    const text = this.length > 0 ? t('step {0} of {1}', this.step, last) : t('no steps yet');
    let index = this.length - 1;
    if (this.chosen !== undefined) while (index > 0 && this.steps[index]! > this.chosen) index--;
    this.slider.value = String(Math.max(0, index));
    setAttributes(this.slider, { 'aria-valuetext': text });
    this.label.textContent = text;
    this.latest.disabled = this.chosen === undefined;
    this.play.disabled = this.length < 2;
  }

  private start(): void {
    const reduced = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const pause = reduced ? reducedFrameMilliseconds : frameMilliseconds;
    const atEnd = this.chosen === undefined;
    let position = atEnd ? 0 : Number(this.slider.value);
    setIconButton(this.play, 'pause', t('Pause'));
    this.timer = setInterval(() => {
      if (position >= this.length - 1) {
        this.stop();
        this.choose(undefined);
        return;
      }
      this.choose(this.steps[Math.floor(position)]);
      position += Math.max((this.length * pause) / playMilliseconds, Math.min(1, pause / 200));
    }, pause);
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    setIconButton(this.play, 'play', t('Play the steps'));
  }
}
