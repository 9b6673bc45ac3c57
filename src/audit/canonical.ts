import canonicalize from "canonicalize";
import { restoreJson, safeJson } from "../core/text.ts";

/** Deeper than this is no honest value: it is a cycle or an attack on the stack. */
const DEEPEST = 200;

/** Thrown for a value that has no canonical form; names the place, `$.act.attempt`, and never shows the value. */
export class Uncanonical extends Error {
  constructor(where: string, why: string) {
    super(`${where}: ${why}`);
    this.name = "Uncanonical";
  }
}

/**
 * The bytes of a JSON value that are hashed and stored: RFC 8785 over the value made safe by `safeJson`, UTF-8.
 * Properties that are `undefined` count as absent. Throws `Uncanonical` for everything that JSON would silently change
 * or lose: NaN and infinities, big integers, dates, secrets and other objects with a class, holes, functions, cycles.
 */
export function canonicalBytes(value: unknown): Uint8Array {
  refuseForeign(value, "$", 0);
  const text = canonicalize(safeJson(value));
  if (text === undefined) throw new Uncanonical("$", "nothing to write");
  return new TextEncoder().encode(text);
}

/**
 * The value whose `canonicalBytes` these are, with its text exactly as it came. Throws `Uncanonical` for bytes that
 * `canonicalBytes` would not have written (another order, spaces, a key twice), whoever made them.
 */
export function readCanonical(bytes: Uint8Array): unknown {
  let value: unknown;
  try {
    value = restoreJson(JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)));
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) throw new Uncanonical("$", "not JSON in UTF-8");
    throw cause;
  }
  if (Buffer.compare(canonicalBytes(value), bytes) !== 0) throw new Uncanonical("$", "not in canonical form");
  return value;
}

function refuseForeign(value: unknown, where: string, depth: number): void {
  if (depth > DEEPEST) throw new Uncanonical(where, "too deep");
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (!Number.isFinite(value)) throw new Uncanonical(where, "not a finite number");
      return;
    case "object":
      break;
    default:
      throw new Uncanonical(where, `${typeof value} is not JSON`);
  }
  if (value === null) return;
  if (Array.isArray(value)) {
    // A plain loop sees holes, which `forEach` would pass over.
    for (let at = 0; at < value.length; at++) refuseForeign(value[at], `${where}[${at}]`, depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new Uncanonical(where, "an object with a class");
  if (Object.getOwnPropertySymbols(value).length > 0) throw new Uncanonical(where, "a symbol as key");
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) refuseForeign(item, `${where}.${key}`, depth + 1);
  }
}
