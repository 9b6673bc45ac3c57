// Distinguished names as text (RFC 4514). They are never put together from parts without escaping, and never compared as text.

/** One attribute and its value in a relative distinguished name, unescaped. */
export interface NamePart {
  readonly type: string;
  readonly value: string;
}

/** A value as it may stand in a distinguished name (RFC 4514, section 2.4). Not for filters: see `escapeFilterValue`. */
export function escapeDnValue(value: string): string {
  return value
    .replace(/["+,;<>\\]/g, (sign) => `\\${sign}`)
    .replaceAll("\0", "\\00")
    .replace(/^[ #]/, (sign) => `\\${sign}`)
    .replace(/ $/, "\\ ");
}

/** Reads a distinguished name: its relative names from the entry up, each of one or more parts. Undefined if it is none. */
export function parseDn(dn: string): readonly (readonly NamePart[])[] | undefined {
  if (dn.trim() === "") return [];
  const names: NamePart[][] = [[]];
  let at = 0;
  while (at < dn.length) {
    const type = /^\s*([a-z][a-z\d-]*|\d+(?:\.\d+)*)\s*=[ ]*/i.exec(dn.slice(at));
    if (!type?.[1]) return undefined;
    at += type[0].length;
    const value = readValue(dn, at);
    if (!value) return undefined;
    names.at(-1)?.push({ type: type[1], value: value.text });
    at = value.end;
    if (at === dn.length) return names;
    if (dn[at] === ",") names.push([]);
    at += 1;
  }
  // It ended with a comma.
  return undefined;
}

/** A name for comparing: case, spaces around signs and ways of escaping make no difference. Text that is no name stays. */
export function dnKey(dn: string): string {
  const names = parseDn(dn);
  if (!names) return dn;
  const part = ({ type, value }: NamePart) =>
    `${type.toLowerCase()}=${escapeDnValue(value.normalize("NFC").toLowerCase().trim().replace(/ +/g, " "))}`;
  return names.map((parts) => parts.map(part).sort().join("+")).join(",");
}

/** The value of the first relative name, for people: `alice` of `uid=alice,ou=people,dc=acme`. */
export function leafOf(dn: string): string {
  return parseDn(dn)?.[0]?.[0]?.value ?? dn;
}

/** A value from `start` to the next sign that ends it. Escaped pairs of hex digits are bytes of UTF-8. */
function readValue(dn: string, start: number): { readonly text: string; readonly end: number } | undefined {
  const bytes: Buffer[] = [];
  let spaces = 0;
  let at = start;
  while (at < dn.length && dn[at] !== "," && dn[at] !== "+" && dn[at] !== ";") {
    const hex = /^\\([\da-f]{2})/i.exec(dn.slice(at, at + 3))?.[1];
    const escaped = dn[at] === "\\";
    if (escaped && at + 1 === dn.length) return undefined;
    const sign = escaped ? (dn[at + 1] ?? "") : String.fromCodePoint(dn.codePointAt(at) ?? 0);
    bytes.push(hex ? Buffer.from(hex, "hex") : Buffer.from(sign));
    // Spaces at the end belong to the value only if they are escaped.
    spaces = !escaped && sign === " " ? spaces + 1 : 0;
    at += hex ? 3 : escaped ? 2 : sign.length;
  }
  const text = Buffer.concat(bytes.slice(0, bytes.length - spaces)).toString("utf8");
  return { text, end: at };
}
