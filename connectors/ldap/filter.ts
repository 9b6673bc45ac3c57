import { AndFilter, EqualityFilter, ExtensibleFilter, type Filter, NotFilter, OrFilter, PresenceFilter } from "ldapts";

/**
 * A condition on entries. It is handed over in parts and not as text: ldapts reads `\c3\ab` in a filter's text as two
 * letters of Latin-1, so that a name outside ASCII would find nobody.
 */
export type Condition =
  | { readonly kind: "equal"; readonly attribute: string; readonly value: string | Buffer }
  | { readonly kind: "present"; readonly attribute: string }
  /** Direct and nested membership, as Active Directory follows it. */
  | { readonly kind: "in-chain"; readonly attribute: string; readonly dn: string }
  | { readonly kind: "any" | "all"; readonly of: readonly Condition[] }
  | { readonly kind: "not"; readonly of: Condition };

/** LDAP_MATCHING_RULE_IN_CHAIN ([MS-ADTS] 3.1.1.3.4.4.3). */
const IN_CHAIN = "1.2.840.113556.1.4.1941";

export function equal(attribute: string, value: string | Buffer): Condition {
  return { kind: "equal", attribute, value };
}

export function anyOf(...of: readonly Condition[]): Condition {
  return { kind: "any", of };
}

export function allOf(...of: readonly Condition[]): Condition {
  return { kind: "all", of };
}

/** A value as it may stand in a filter's text (RFC 4515, section 3). Not for names: see `escapeDnValue`. */
export function escapeFilterValue(value: string | Buffer): string {
  let text = "";
  for (const byte of Buffer.from(value)) {
    const plain = byte >= 0x20 && byte < 0x7f && !"()*\\".includes(String.fromCharCode(byte));
    text += plain ? String.fromCharCode(byte) : `\\${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}

/** The condition as it is sent. */
export function filterOf(condition: Condition): Filter {
  switch (condition.kind) {
    case "equal":
      return new EqualityFilter({ attribute: condition.attribute, value: condition.value });
    case "present":
      return new PresenceFilter({ attribute: condition.attribute });
    case "in-chain":
      return new ExtensibleFilter({ matchType: condition.attribute, rule: IN_CHAIN, value: condition.dn });
    case "any":
      return new OrFilter({ filters: condition.of.map(filterOf) });
    case "all":
      return new AndFilter({ filters: condition.of.map(filterOf) });
    case "not":
      return new NotFilter({ filter: filterOf(condition.of) });
    default:
      return condition satisfies never;
  }
}

/** The condition as RFC 4515 writes it, for evidence. */
export function filterText(condition: Condition): string {
  switch (condition.kind) {
    case "equal":
      return `(${condition.attribute}=${escapeFilterValue(condition.value)})`;
    case "present":
      return `(${condition.attribute}=*)`;
    case "in-chain":
      return `(${condition.attribute}:${IN_CHAIN}:=${escapeFilterValue(condition.dn)})`;
    case "any":
      return `(|${condition.of.map(filterText).join("")})`;
    case "all":
      return `(&${condition.of.map(filterText).join("")})`;
    case "not":
      return `(!${filterText(condition.of)})`;
    default:
      return condition satisfies never;
  }
}
