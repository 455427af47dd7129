// Taking back what was started.

/** What was started, to be taken back in the opposite order, once. */
export class Undo {
  readonly #steps: (() => void | Promise<void>)[] = [];
  #running: Promise<void> | undefined;

  add(step: () => void | Promise<void>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    this.#running ??= this.#all();
    await this.#running;
  }

  /** A step that fails keeps no other from being taken back. */
  async #all(): Promise<void> {
    const last = this.#steps.pop();
    if (last === undefined) return;
    try {
      await last();
    } finally {
      await this.#all();
    }
  }
}
