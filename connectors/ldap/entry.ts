import type { Entry as Found } from "ldapts";
import { textOfBytes } from "../connector.ts";

/** An entry with its values as bytes: attributes are told apart without regard to case, as LDAP does. */
export interface Entry {
  readonly dn: string;
  bytes(attribute: string): readonly Buffer[];
  /** Values as text without loss; bytes that are no UTF-8 become lone surrogates. */
  texts(attribute: string): readonly string[];
  text(attribute: string): string | undefined;
  /** Where a server goes on with an attribute of which it gave a part only (`member;range=0-1499`). */
  rest(attribute: string): number | undefined;
}

/** Wraps what ldapts found; parts of an attribute stand under its plain name. */
export function entryOf(found: Found): Entry {
  const { dn, ...attributes } = found;
  const values = new Map<string, Buffer[]>();
  const rests = new Map<string, number>();
  for (const [name, given] of Object.entries(attributes)) {
    const range = /^(.+);range=\d+-(\d+|\*)$/i.exec(name);
    const key = (range?.[1] ?? name).toLowerCase();
    const list = (Array.isArray(given) ? given : [given]).map((value) => Buffer.from(value));
    values.set(key, [...(values.get(key) ?? []), ...list]);
    if (range?.[2] && range[2] !== "*") rests.set(key, Number(range[2]) + 1);
  }
  const bytes = (attribute: string) => values.get(attribute.toLowerCase()) ?? [];
  const texts = (attribute: string) => bytes(attribute).map(textOfBytes);
  return { dn, bytes, texts, text: (attribute) => texts(attribute)[0], rest: (name) => rests.get(name.toLowerCase()) };
}

/** An objectGUID as people and PowerShell write it: its first three fields are little-endian ([MS-DTYP] 2.3.4.2). */
export function guidText(bytes: Buffer): string {
  if (bytes.length !== 16) throw new TypeError("a GUID has 16 bytes");
  const hex = swapped(bytes).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The inverse of `guidText`; undefined for what is no GUID. */
export function guidBytes(text: string): Buffer | undefined {
  if (!UUID.test(text)) return undefined;
  return swapped(Buffer.from(text.replaceAll("-", ""), "hex"));
}

/** How both entryUUID (RFC 4530) and objectGUID are written. */
export const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

function swapped(bytes: Buffer): Buffer {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  return Buffer.from(order.map((at) => bytes[at] ?? 0));
}

/** The SID of another object of the same domain: its last 32 bits are the RID ([MS-DTYP] 2.4.2.2). */
export function sidWithRid(sid: Buffer, rid: number): Buffer {
  const other = Buffer.from(sid);
  other.writeUInt32LE(rid, sid.length - 4);
  return other;
}

/** A SID as text: `S-1-5-21-…-512` ([MS-DTYP] 2.4.2.1). */
export function sidText(sid: Buffer): string {
  const parts = Array.from({ length: sid[1] ?? 0 }, (_, at) => sid.readUInt32LE(8 + 4 * at));
  return ["S", sid[0], sid.readUIntBE(2, 6), ...parts].join("-");
}

/** The RID of a SID, and whether it is of the domain `S-1-5-32` of built-in groups. */
export function ridOf(sid: Buffer): { readonly rid: number; readonly builtin: boolean } {
  return { rid: sid.readUInt32LE(sid.length - 4), builtin: sid.length === 16 && sid.readUInt32LE(8) === 32 };
}
