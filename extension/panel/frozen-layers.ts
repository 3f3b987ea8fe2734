import * as vscode from 'vscode';

const key = 'frozenLayers';

/** The layers that the user wants left out of training, per model. They apply from the next run on. */
export class FrozenLayers implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly memory: vscode.Memento) {}

  /** @param model path of the model file */
  of(model: string): readonly string[] {
    return this.all()[model] ?? [];
  }

  has(model: string, layer: string): boolean {
    return this.of(model).includes(layer);
  }

  async set(model: string, layers: readonly string[], frozen: boolean): Promise<void> {
    const others = this.of(model).filter((name) => !layers.includes(name));
    await this.memory.update(key, { ...this.all(), [model]: frozen ? [...others, ...layers] : others });
    this.changed.fire();
  }

  dispose(): void {
    this.changed.dispose();
  }

  private all(): Readonly<Record<string, readonly string[]>> {
    return this.memory.get(key, {});
  }
}
