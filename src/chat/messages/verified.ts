import { fingerprint, type LogVerifier } from "../../audit/key.ts";
import type { Verified } from "../../workflow/verify-log.ts";
import type { Message, Rich } from "../message.ts";
import { count, only, shownAs } from "./words.ts";

/** Said at once, since a long log takes its time. */
export function verifyingMessage(): Message {
  return only("The whole log is being read and verified. The answer comes here.");
}

/** What verifying the log found, line by line, and what it does not prove. */
export function verifiedMessage(verified: Verified, key: LogVerifier): Message {
  if (verified.kind === "busy") return only("The log is being verified already. Please try again in a minute.");
  const { report } = verified;
  const entries = count(report.size, "entry", "entries");
  const head: Rich = report.ok
    ? [{ bold: "The log is good" }, `: all ${entries} are as they were signed.`]
    : [
        { bold: "The log is NOT good" },
        ". Keep the database and every checkpoint as they are, and tell your operator.",
      ];
  const bad = report.firstBad;
  return {
    summary: report.ok ? `The log is good: ${entries}` : "The log is NOT good",
    parts: [
      { kind: "text", text: head },
      {
        kind: "list",
        items: [
          ...(bad ? [[{ bold: `Entry ${bad.seq}` }, ` is the first bad one: ${shownAs(bad.what)}.`]] : []),
          ...report.proofs.map(({ holds, says }): Rich => [holds ? "✓ holds: " : "✗ fails: ", shownAs(says)]),
        ],
      },
      {
        kind: "note",
        text: [
          "Root ",
          { code: Buffer.from(report.root).toString("base64") },
          ", key ",
          { code: fingerprint(key) },
          ". This was verified by Signoff itself. To trust nobody, run ",
          { code: "signoff audit verify --key …" },
          " with the fingerprint you kept.",
        ],
      },
    ],
  };
}
