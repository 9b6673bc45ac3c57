import { setTimeout as wait } from "node:timers/promises";

/** What the gate can be made to do wrong, for tests. Everything is off at first. */
export class Faults {
  /** `refuse` cuts the connection, `503` answers like a proxy whose Slack is gone. */
  down: "no" | "refuse" | "503" = "no";
  /** Milliseconds before each answer. */
  slowness = 0;
  /** Answers an old trigger with `invalid_arguments`, the other shape in which Slack says it. */
  oddTriggerError = false;
  /** Hands every command, click and event to the app twice, as a socket that is swapped does. */
  twice = false;
  readonly #limited = new Map<string, { left: number; seconds: number }>();
  readonly #lies = new Map<string, number>();

  /** The next `times` calls of `method` (`*` for any) are answered 429. */
  limit(method: string, times: number, retryAfterSeconds = 1): void {
    this.#limited.set(method, { left: times, seconds: retryAfterSeconds });
  }

  /** The next `times` calls of `method` are answered `ok` and nothing is done. */
  lie(method: string, times: number): void {
    this.#lies.set(method, times);
  }

  /** Seconds to wait if this call is one too many. */
  takeLimit(method: string): number | undefined {
    const limit = this.#limited.get(method) ?? this.#limited.get("*");
    if (limit === undefined || limit.left === 0) return undefined;
    limit.left -= 1;
    return limit.seconds;
  }

  takeLie(method: string): boolean {
    const left = this.#lies.get(method) ?? 0;
    if (left > 0) this.#lies.set(method, left - 1);
    return left > 0;
  }

  async delay(): Promise<void> {
    if (this.slowness > 0) await wait(this.slowness);
  }
}
