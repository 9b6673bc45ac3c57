const inspectSymbol = Symbol.for("nodejs.util.inspect.custom");

/**
 * A token, key or password. It prints as `[secret]` in text, JSON and inspection, so that it cannot leak by accident;
 * `.reveal()` belongs only in the line that sends it, so that a search for that word lists every use.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself, for the one line that sends it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspectSymbol](): string {
    return "[secret]";
  }
}
