import { describe, expect, it } from "vitest";
import { type Ask, BREAK, type Form, type Message, type Part } from "../../../src/chat/message.ts";
import { textSize } from "../../../src/chat/slack/fit-blocks.ts";
import { LIMITS } from "../../../src/chat/slack/limits.ts";
import { escaped, mrkdwn } from "../../../src/chat/slack/mrkdwn.ts";
import { markOf, renderMessage } from "../../../src/chat/slack/render.ts";
import { renderForm } from "../../../src/chat/slack/render-form.ts";
import { areTooLong, checkMessageBlocks, checkView } from "../../sandbox/gate/blocks.ts";

const ask: Ask = { kind: "cancel-case", caseId: "c1" };

/** What the strict gate finds wrong with a message. */
function faultsOf(message: Message): string[] {
  const { blocks } = renderMessage(message, "key");
  return [...checkMessageBlocks(blocks), ...(areTooLong(blocks) ? ["too long"] : [])];
}

function textOf(message: Message): string {
  return JSON.stringify(renderMessage(message).blocks);
}

const lines = (count: number, length: number, of = "x") =>
  Array.from({ length: count }, (_, at) => [`${at} ${of.repeat(length)}`]);

it("starts a new line where a message says so, and nowhere else", () => {
  expect(mrkdwn([{ bold: "Fix" }, BREAK, "two\nlines"], 100)).toBe("*Fix*\ntwo lines");
});

describe("a message stays within what Slack takes", () => {
  const cases: Record<string, readonly Part[]> = {
    nothing: [],
    "a text of 3,001 characters": [{ kind: "text", text: ["x".repeat(3001)] }],
    "a text of 3,000 signs that grow when escaped": [{ kind: "text", text: ["&".repeat(3000)] }],
    "60 texts": Array.from({ length: 60 }, (_, at) => ({ kind: "text", text: [`line ${at}`] })),
    "180 pull requests with titles of 70": [{ kind: "list", title: [{ bold: "Work" }], items: lines(180, 70) }],
    "1,000 grants in CJK": [{ kind: "list", items: lines(1000, 60, "漢") }],
    "40 lists of 40": Array.from({ length: 40 }, (_, at) => ({
      kind: "list",
      title: [`system ${at}`],
      items: lines(40, 50),
    })),
    "23 fields, one of 2,001": [
      {
        kind: "fields",
        fields: Array.from({ length: 23 }, (_, at) => ({ label: `f${at}`, value: ["v".repeat(at === 3 ? 2001 : 10)] })),
      },
    ],
    "a heading of 151": [{ kind: "heading", text: "h".repeat(151) }],
    "a note of 4,000": [{ kind: "note", text: ["n".repeat(4000)] }],
    "27 buttons": [
      { kind: "actions", buttons: Array.from({ length: 27 }, (_, at) => ({ label: `button ${at}`, ask })) },
    ],
    "a button with a label of 80 and a question of 400": [
      {
        kind: "actions",
        buttons: [
          {
            label: "l".repeat(80),
            ask,
            style: "danger",
            confirm: { title: "t".repeat(150), text: "q".repeat(400), yes: "y".repeat(40), no: "n".repeat(40) },
          },
        ],
      },
    ],
    "a button that asks for too much": [
      { kind: "actions", buttons: [{ label: "Go", ask: { ...ask, caseId: "c".repeat(2000) } }] },
    ],
    "empty parts": [
      { kind: "text", text: [""] },
      { kind: "heading", text: " " },
      { kind: "list", items: [] },
      { kind: "fields", fields: [] },
      { kind: "actions", buttons: [] },
      { kind: "note", text: [] },
    ],
    everything: [
      { kind: "heading", text: "Plan" },
      { kind: "list", title: ["GitHub"], items: lines(300, 80) },
      { kind: "list", title: ["PostgreSQL"], items: lines(3, 20) },
      ...Array.from({ length: 30 }, (): Part => ({ kind: "text", text: ["t".repeat(900)] })),
      { kind: "actions", buttons: [{ label: "Approve", ask }] },
    ],
  };
  for (const [name, parts] of Object.entries(cases)) {
    it(name, () => {
      expect(faultsOf({ summary: "Summary", parts })).toEqual([]);
    });
  }

  it("finds the same limits breached when nothing is cut", () => {
    const long = [{ type: "section", text: { type: "mrkdwn", text: "x".repeat(3001) } }];
    expect(checkMessageBlocks(long)).not.toEqual([]);
  });

  it("cuts a list at a line's end, says how many are left out, and loses none", () => {
    const text = textOf({ summary: "s", parts: [{ kind: "list", items: lines(400, 70) }] });
    const shown = text.match(/• \d+ x{70}(?!x)/g)?.length ?? 0;
    expect(shown).toBeGreaterThan(100);
    expect(text).toContain(`and ${400 - shown} more`);
  });

  it("gives short lists all they need beside a long one", () => {
    const text = textOf({
      summary: "s",
      parts: [
        { kind: "list", title: ["long"], items: lines(500, 80) },
        { kind: "list", title: ["short"], items: lines(6, 20, "s") },
      ],
    });
    expect(text.match(/• \d s{20}/g)).toHaveLength(6);
  });

  it("keeps the buttons however long the rest is", () => {
    const text = textOf({
      summary: "s",
      parts: [
        ...Array.from({ length: 80 }, (): Part => ({ kind: "text", text: ["t"] })),
        { kind: "actions", buttons: [{ label: "Approve", ask }] },
      ],
    });
    expect(text).toContain("Approve");
    expect(text).toMatch(/and \d+ more parts/);
  });

  it("says so where a button could not carry what it asks for", () => {
    const buttons = [{ label: "Go", ask: { ...ask, caseId: "c".repeat(2000) } }];
    expect(textOf({ summary: "s", parts: [{ kind: "actions", buttons }] })).toContain("Go: too much");
  });

  it("uses the room there is: a plan of eleven thousand characters is shown whole", () => {
    const { blocks } = renderMessage({ summary: "s", parts: [{ kind: "list", items: lines(120, 85) }] });
    expect(textSize(blocks)).toBeGreaterThan(10_000);
    expect(JSON.stringify(blocks).match(/more_/)).toBeNull();
  });
});

describe("text from outside", () => {
  it("pings nobody and makes no link", () => {
    const text = mrkdwn(["fix <!channel> & <@U1>, <https://evil.example|HR portal>"], 3000);
    expect(text).toBe("fix &lt;!channel&gt; &amp; &lt;@U1&gt;, &lt;https://evil.example|HR portal&gt;");
  });

  it("is escaped exactly once", () => {
    expect(mrkdwn(["a &lt; b"], 100)).toBe("a &amp;lt; b");
  });

  it("is escaped in every span", () => {
    const rich = [
      { bold: "<b>" },
      { code: "<c>" },
      { quiet: "<q>" },
      { link: "https://x.example/?a=1&b=2", text: "<t>" },
    ];
    expect(mrkdwn(rich, 1000)).toBe("*&lt;b&gt;*`&lt;c&gt;`_&lt;q&gt;_<https://x.example/?a=1&amp;b=2|&lt;t&gt;>");
  });

  it("is never mark-up", () => {
    expect(escaped("*bold* and `code`")).toBe("*\u200abold* and `\u200acode`");
    expect(escaped("snake_case_name and 2 * 3 * 4")).toBe("snake_case_name and 2 * 3 * 4");
    expect(mrkdwn([{ code: "a`b" }], 100)).toBe("`aˋb`");
  });

  it("opens no link but to the web", () => {
    expect(mrkdwn([{ link: "javascript:alert(1)", text: "click" }], 100)).toBe("click");
    expect(mrkdwn([{ link: "https://x.example/a|b>", text: "t" }], 100)).toBe("<https://x.example/a%7Cb%3E|t>");
  });

  it("shows what cannot be seen", () => {
    expect(mrkdwn(["a\u202eb\0\ud800"], 100)).toBe("a⟨U+202E⟩b⟨U+0000⟩⟨U+D800⟩");
  });

  it("is cut between characters and never inside an escape", () => {
    expect(mrkdwn(["&&&&"], 12)).toBe("&amp;&amp;…");
    expect(mrkdwn(["👩‍👩‍👧‍👦👩‍👩‍👧‍👦"], 12)).toBe("👩‍👩‍👧‍👦…");
    expect(mrkdwn(["ab", { bold: "cdefgh" }], 6)).toBe("ab…");
  });

  it("mentions only accounts, by an id of Slack's form", () => {
    expect(mrkdwn([{ member: "U123", name: "Alice" }], 100)).toBe("<@U123>");
    expect(mrkdwn([{ member: "here> <!channel", name: "Alice <x>" }], 100)).toBe("Alice &lt;x&gt;");
  });

  it("reaches notifications escaped too", () => {
    expect(renderMessage({ summary: "<!here>", parts: [] }).text).toBe("&lt;!here&gt;");
  });
});

describe("a time", () => {
  const at = new Date("2026-11-30T23:30:00Z");

  it("is shown on the reader's clock, with its zone and UTC named", () => {
    expect(mrkdwn([{ time: at, zone: "Europe/Berlin" }], 500)).toBe(
      "<!date^1796081400^{date_short_pretty} {time}|1 Dec 2026, 00:30 Europe/Berlin (30 Nov, 23:30 UTC)> (1 Dec 2026, 00:30 Europe/Berlin = 30 Nov, 23:30 UTC)",
    );
  });

  it("is shown in UTC alone where the zone is unknown", () => {
    expect(mrkdwn([{ time: at, zone: "Moon/Crater" }], 500)).toContain("(30 Nov 2026, 23:30 UTC)");
  });
});

describe("the mark of a post", () => {
  it("stands in the first block, is of bounded length and changes with the content only at its end", () => {
    const key = "k".repeat(500);
    const id = (summary: string) => renderMessage({ summary, parts: [] }, key).blocks[0]?.block_id ?? "";
    expect(id("a").startsWith(`${markOf(key)}:`)).toBe(true);
    expect(id("a").length).toBeLessThanOrEqual(255);
    expect(id("b")).not.toBe(id("a"));
    expect(id("a")).toBe(id("a"));
    expect(markOf("x")).not.toBe(markOf("y"));
  });
});

describe("a dialog stays within what Slack takes", () => {
  const form = (fields: Form["fields"], more: Partial<Form> = {}): Form => ({
    kind: "open-case",
    title: "A title that is longer than a dialog's title may be",
    submit: "Do it all at once and for everybody",
    fields,
    carried: { leaver: "U1", zone: "Europe/Berlin" },
    ...more,
  });
  const option = (at: number, label = `option ${at}`) => ({ value: `v${at}`, label });

  const cases: Record<string, Form> = {
    "every input": form([
      {
        id: "a",
        label: "l".repeat(2100),
        hint: "h".repeat(2100),
        input: "text",
        lines: "many",
        initial: "i".repeat(4000),
      },
      { id: "b", label: "b", input: "choice", look: "radio", options: [option(1), option(2)], initial: "v2" },
      { id: "c", label: "c", input: "choice", look: "menu", options: [option(1)], initial: "unknown" },
      { id: "d", label: "d", input: "check", options: [option(1), option(2)], initial: ["v1"] },
      { id: "e", label: "e", input: "person", initial: "U1" },
      { id: "f", label: "f", input: "date", initial: "2026-12-01" },
      { id: "g", label: "g", input: "time", initial: "18:00" },
    ]),
    "11 radio options": form([
      {
        id: "a",
        label: "a",
        input: "choice",
        look: "radio",
        options: Array.from({ length: 11 }, (_, at) => option(at)),
      },
    ]),
    "150 options and checks": form([
      {
        id: "a",
        label: "a",
        input: "choice",
        look: "menu",
        options: Array.from({ length: 150 }, (_, at) => option(at)),
      },
      { id: "b", label: "b", input: "check", options: Array.from({ length: 11 }, (_, at) => option(at)) },
    ]),
    "labels of 90 that differ at the end, or not at all, and a value of 160": form([
      {
        id: "a",
        label: "a",
        input: "choice",
        look: "menu",
        options: [
          option(1, `${"n".repeat(88)}-1`),
          option(2, `${"n".repeat(88)}-2`),
          option(3, "m".repeat(90)),
          option(4, "m".repeat(90)),
          { value: "x".repeat(160), label: "too long a value" },
          option(1, "twice"),
        ],
      },
    ]),
    "an intro of 104 blocks": form([{ id: "a", label: "a", input: "date" }], {
      intro: Array.from({ length: 104 }, (): Part => ({ kind: "text", text: ["t"] })),
    }),
  };
  for (const [name, given] of Object.entries(cases)) {
    it(name, () => {
      expect(checkView(renderForm(given))).toEqual([]);
    });
  }

  it("keeps labels apart by their ends, and by numbers where they are the same", () => {
    const text = JSON.stringify(
      renderForm(cases["labels of 90 that differ at the end, or not at all, and a value of 160"] ?? form([])),
    );
    const labels = [...text.matchAll(/"text":"((?:n|m)[^"]*)"/g)].map((match) => match[1] ?? "");
    expect(labels).toHaveLength(4);
    expect(new Set(labels).size).toBe(4);
    expect(labels[0]?.endsWith("-1")).toBe(true);
    expect(text).toContain("2 more do not fit here");
  });

  it("refuses to carry more than ids", () => {
    expect(() => renderForm(form([], { carried: { leaver: "x".repeat(LIMITS.privateMetadata) } }))).toThrow(/carries/);
  });
});
