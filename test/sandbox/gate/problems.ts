/** A JSON object of unknown content. */
export type Json = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Json {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** Collects what Slack would complain about, in its wording: `[ERROR] … [json-pointer:/blocks/0/text]`. */
export class Problems {
  readonly lines: string[] = [];

  add(what: string, pointer: string) {
    this.lines.push(`[ERROR] ${what} [json-pointer:${pointer}]`);
  }

  /** Refuses properties that are not in the reference. */
  keys(object: Json, pointer: string, allowed: readonly string[]) {
    for (const key of Object.keys(object)) {
      if (!allowed.includes(key)) this.add(`invalid additional property: ${key}`, pointer);
    }
  }

  /** An optional string of `min` to `max` characters. */
  string(value: unknown, pointer: string, max: number, min = 0) {
    if (value === undefined || value === null) {
      if (min > 0) this.add("must be provided", pointer);
      return;
    }
    if (typeof value !== "string") return this.add("must be a string", pointer);
    const length = [...value].length;
    if (length > max) this.add(`must be less than ${max + 1} characters`, pointer);
    if (length < min) this.add(`must be more than ${min - 1} characters`, pointer);
  }

  /** A text object of type `plain_text`. */
  plain(value: unknown, pointer: string, max: number, need: "required" | "optional") {
    if (value === undefined || value === null) {
      if (need === "required") this.add("must be provided", pointer);
      return;
    }
    if (isObject(value) && value["type"] === "mrkdwn") return this.add("must be of type: plain_text", pointer);
    this.anyText(value, pointer, max);
  }

  /** A text object of type `plain_text` or `mrkdwn`. */
  anyText(value: unknown, pointer: string, max: number) {
    if (!isObject(value)) return this.add("must be a valid text object", pointer);
    if (value["type"] === "plain_text") this.keys(value, pointer, ["type", "text", "emoji"]);
    else if (value["type"] === "mrkdwn") this.keys(value, pointer, ["type", "text", "verbatim"]);
    else return this.add("must be one of: plain_text, mrkdwn", `${pointer}/type`);
    this.string(value["text"], `${pointer}/text`, max, 1);
  }
}
