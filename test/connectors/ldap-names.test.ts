import { describe, expect, it } from "vitest";
import { disabled, enabled, isDisabled } from "../../connectors/ldap/account-control.ts";
import { dnKey, escapeDnValue, leafOf, parseDn } from "../../connectors/ldap/dn.ts";
import { entryOf, guidBytes, guidText, ridOf, sidWithRid } from "../../connectors/ldap/entry.ts";
import { allOf, anyOf, equal, escapeFilterValue, filterText } from "../../connectors/ldap/filter.ts";

describe("names and filters", () => {
  // The examples of RFC 4514, sections 2.4 and 4.
  it.each([
    ['James "Jim" Smith, III', 'James \\"Jim\\" Smith\\, III'],
    ["#hash", "\\#hash"],
    [" both ", "\\ both\\ "],
    ["a+b;c<d>e\\f", "a\\+b\\;c\\<d\\>e\\\\f"],
    ["nul\0", "nul\\00"],
    ["Zoë Müßig (*)", "Zoë Müßig (*)"],
    ["", ""],
  ])("escapes %j for a name", (value, escaped) => {
    expect(escapeDnValue(value)).toBe(escaped);
    expect(leafOf(`CN=${escaped},DC=example`)).toBe(value);
  });

  // The examples of RFC 4515, section 4.
  it.each([
    ["Parens R Us (for all your parenthetical needs)", "Parens R Us \\28for all your parenthetical needs\\29"],
    ["*", "\\2a"],
    ["C:\\MyFile", "C:\\5cMyFile"],
    ["Lučić", "Lu\\c4\\8di\\c4\\87"],
    ["nul\0", "nul\\00"],
    ["Doe\\, Ann", "Doe\\5c, Ann"],
  ])("escapes %j for a filter, which is something else", (value, escaped) => {
    expect(escapeFilterValue(value)).toBe(escaped);
  });

  it("writes conditions as RFC 4515 does, bytes among them", () => {
    const filter = allOf(anyOf(equal("uid", "a*b"), { kind: "present", attribute: "mail" }), {
      kind: "not",
      of: equal("objectGUID", Buffer.from([0, 0x41, 0xff])),
    });
    expect(filterText(filter)).toBe("(&(|(uid=a\\2ab)(mail=*))(!(objectGUID=\\00A\\ff)))");
  });

  it("compares names without regard to case, spaces and ways of escaping, and nothing else", () => {
    expect(dnKey("CN=Doe\\, Ann ,  OU=X,DC=Example")).toBe(dnKey("cn=doe\\2C ann,ou=x,dc=example"));
    expect(dnKey("cn=Zo\\C3\\AB,dc=x")).toBe(dnKey("CN=ZOË,DC=X"));
    expect(dnKey("cn=a+uid=b,dc=x")).toBe(dnKey("uid=B + cn=A,dc=x"));
    expect(dnKey("cn=a\\,dc=x")).not.toBe(dnKey("cn=a,dc=x"));
    expect(dnKey("cn=ann,dc=x")).not.toBe(dnKey("cn=anna,dc=x"));
  });

  it.each(["no name", "cn", "=x", "cn=a,", "cn=a\\"])("takes %j for no name", (text) => {
    expect(parseDn(text)).toBeUndefined();
  });
});

describe("what Active Directory keeps in bits and bytes", () => {
  it.each([
    [512, false],
    [514, true],
    [546, true],
    [66048, false],
    [66050, true],
    [1114624, false],
    ["514", true],
  ])("reads userAccountControl %s as disabled: %s", (control, expected) => {
    expect(isDisabled(control)).toBe(expected);
    expect(isDisabled(disabled(control))).toBe(true);
    expect(isDisabled(enabled(control))).toBe(false);
  });

  it("changes no other bit of userAccountControl, and refuses what is no number", () => {
    expect([disabled("66048"), enabled("66050"), disabled(1114624), enabled(1114626)]).toEqual([
      "66050",
      "66048",
      "1114626",
      "1114624",
    ]);
    for (const odd of ["", "0x202", "enabled", "5 14"]) expect(() => isDisabled(odd)).toThrow(TypeError);
  });

  it("writes an objectGUID as PowerShell does, and back", () => {
    const bytes = Buffer.from("33221100554477668899aabbccddeeff", "hex");
    expect(guidText(bytes)).toBe("00112233-4455-6677-8899-aabbccddeeff");
    expect(guidBytes("00112233-4455-6677-8899-aabbccddeeff")).toEqual(bytes);
    expect(guidBytes("alice")).toBeUndefined();
  });

  it("makes the SID of a primary group from the account's own", () => {
    const sid = Buffer.from("010500000000000515000000112233445566778899aabbcc50040000", "hex");
    expect(sidWithRid(sid, 512).toString("hex")).toBe("010500000000000515000000112233445566778899aabbcc00020000");
    expect(ridOf(sidWithRid(sid, 512))).toEqual({ rid: 512, builtin: false });
    expect(ridOf(Buffer.from("01020000000000052000000020020000", "hex"))).toEqual({ rid: 544, builtin: true });
  });

  it("finds parts of a long attribute under its plain name, and where to read on", () => {
    const entry = entryOf({ dn: "cn=x", member: [], "member;range=0-1499": ["a", "b"] });
    expect(entry.texts("Member")).toEqual(["a", "b"]);
    expect(entry.rest("member")).toBe(1500);
    expect(entryOf({ dn: "cn=x", "member;range=1500-*": "c" }).rest("member")).toBeUndefined();
  });
});
