import { describe, expect, it } from "vitest";
import { restoreText } from "../../src/core/text.ts";
import { type ReadOptions, readPeople } from "../../src/people/triggers/csv.ts";

const SYSTEMS = ["github", "github:acme", "postgres", "postgres:orders"];

describe("reading a people file", () => {
  it("reads every column, several values in one cell, and logins by kind and by system", () => {
    const { file } = good(
      [
        "id,emails,name,manager,zone,slack,github,postgres:orders",
        "E1,Alice@Acme.example; a.n@acme.example,Alice Nguyen,E2,Europe/Berlin,U1 U2,alice;alice-old,alice",
        "E2,mira@acme.example,Mira,,,,,",
      ].join("\n"),
    );
    expect(file.people).toEqual([
      {
        line: 2,
        id: "E1",
        name: "Alice Nguyen",
        emails: ["alice@acme.example", "a.n@acme.example"],
        manager: "E2",
        zone: "Europe/Berlin",
        chats: { slack: ["U1", "U2"] },
        logins: { github: ["alice", "alice-old"], "postgres:orders": ["alice"] },
      },
      {
        line: 3,
        id: "E2",
        name: "Mira",
        emails: ["mira@acme.example"],
        chats: { slack: [] },
        logins: { github: [], "postgres:orders": [] },
      },
    ]);
    expect(file.ignored).toEqual([]);
  });

  it("takes a byte order mark, carriage returns, quoted cells, blank lines and Excel's semicolons", () => {
    const { file } = good('\uFEFFId;Emails;Name\r\n\r\nE1;"a@x.example; b@x.example";"Nguyen; Alice"\r\n;;\r\n');
    expect(file.people).toMatchObject([
      { line: 3, id: "E1", name: "Nguyen; Alice", emails: ["a@x.example", "b@x.example"] },
    ]);
  });

  it("takes windows-1252 only when told, and says so otherwise", () => {
    const bytes = Buffer.from("id,emails,name\nE1,a@x.example,Zo\xeb \x80\n", "latin1");
    expect(read(bytes)).toEqual({ kind: "refused", faults: [expect.stringMatching(/not UTF-8.*windows-1252/)] });
    expect(read(bytes, { encoding: "windows-1252" })).toMatchObject({ file: { people: [{ name: "Zoë €" }] } });
  });

  it("keeps names from outside losslessly", () => {
    const { file } = good("id,emails,name\nE1,a@x.example,Ali\u0000ce \u202egnp\n");
    expect(restoreText(file.people[0]?.name ?? "")).toBe("Ali\u0000ce \u202egnp");
  });

  it("names the columns that nobody reads", () => {
    expect(good("id,emails,name,githubb,salary\nE1,a@x.example,A,b,1\n").file.ignored).toEqual(["githubb", "salary"]);
  });

  it("gives the same hash for the same bytes", () => {
    const text = "id,emails,name\nE1,a@x.example,A\n";
    expect(good(text).file.sha256).toBe(good(text).file.sha256);
    expect(good(text).file.sha256).not.toBe(good(`${text}\n`).file.sha256);
  });

  it.each([
    ["no column", "id,name\nE1,A\n", ["The column “emails” is missing. The first line reads: id, name"]],
    ["a column twice", "id,emails,name,name\n", ["The column “name” is there twice."]],
    ["nothing at all", "", ["The file is empty."]],
    ["nobody", "id,emails,name\n", ["The file names nobody."]],
    ["an unclosed quote", 'id,emails,name\nE1,a@x.example,"A\n', [expect.stringContaining("a quote is not closed")]],
    ["a cell too many", "id,emails,name\nE1,a@x.example,A,b\n", ["Line 2: it has 4 cells and the first line has 3."]],
    ["no id", "id,emails,name\n,a@x.example,A\n", ["Line 2: the id is empty."]],
    ["no name", "id,emails,name\nE1,a@x.example,\n", ["Line 2: the name is empty."]],
    ["an address that is none", "id,emails,name\nE1,alice,A\n", ["Line 2: “alice” is no e-mail address."]],
    [
      "an offset for a zone",
      "id,emails,name,zone\nE1,a@x.example,A,+02:00\n",
      ["Line 2: “+02:00” is no time zone. Use one such as Europe/Berlin."],
    ],
    [
      "an unseen sign in a login",
      "id,emails,name,github\nE1,a@x.example,A,ali\u200bce\n",
      ["Line 2: github: “ali⟨U+200B⟩ce” has signs that cannot be seen."],
    ],
  ])("refuses %s", (_, text, faults) => {
    expect(read(Buffer.from(text))).toEqual({ kind: "refused", faults });
  });

  it("refuses whatever two lines claim, with both lines", () => {
    const text = [
      "id,emails,name,slack,github",
      "E1,a@x.example,A,U1,alice",
      "E1,b@x.example,B,U2,bob",
      "E3,A@x.example,C,U1,alice",
    ].join("\n");
    expect(read(Buffer.from(text))).toEqual({
      kind: "refused",
      faults: [
        "Lines 2 and 3: both have the id “E1”.",
        "Lines 2 and 4: both have the e-mail “a@x.example”.",
        "Lines 2 and 4: both have the slack account “U1”.",
        "Lines 2 and 4: both have the github account “alice”.",
      ],
    });
  });
});

function read(bytes: Uint8Array, options: Partial<ReadOptions> = {}) {
  return readPeople(bytes, { encoding: "utf-8", systems: SYSTEMS, ...options });
}

function good(text: string) {
  const result = read(Buffer.from(text));
  if (result.kind === "refused") throw new Error(result.faults.join("\n"));
  return result;
}
