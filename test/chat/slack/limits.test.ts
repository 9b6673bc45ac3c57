import { describe, expect, it } from "vitest";
import type { Button, Form, Message, Part, Rich, Span } from "../../../src/chat/message.ts";
import { renderMessage } from "../../../src/chat/slack/render.ts";
import { renderForm } from "../../../src/chat/slack/render-form.ts";
import { randomFrom } from "../../audit/random.ts";
import { areTooLong, checkMessageBlocks, checkView } from "../../sandbox/gate/blocks.ts";
import { isTooLarge } from "../../sandbox/gate/views.ts";

// Whatever a message or a dialog is made of, Slack takes it: tried with things that nobody thought of. A failure names its seed.

const RUNS = 60;
const ask = { kind: "cancel-case", caseId: "c1" } as const;

/** Things made by chance, of every size up to far beyond each limit. */
function maker(seed: number) {
  const next = randomFrom(seed);
  const below = (most: number) => Math.floor(next() * most);
  const one = <T>(of: readonly [T, ...T[]]): T => of[below(of.length)] ?? of[0];
  const some = <T>(most: number, make: (at: number) => T): T[] =>
    Array.from({ length: below(most + 1) }, (_, at) => make(at));
  /** Mostly short, sometimes far too long; with all that Slack gives a meaning to, and that grows when it is escaped. */
  const text = (): string => {
    const piece = one([
      "word ",
      "&<>",
      "`*_~`",
      "漢字 ",
      "👩‍👩‍👧‍👦",
      "<!channel>",
      "\u202e\0",
      "\n\n",
      "a|b",
      "",
      "é",
      "x".repeat(50),
    ]);
    return piece.repeat(one([1, 1, 2, 5, 30, below(800)])).slice(0, 6000);
  };
  const span = (): Span =>
    one<() => Span>([
      () => text(),
      () => ({ bold: text() }),
      () => ({ code: text() }),
      () => ({ quiet: text() }),
      () => ({
        link: one(["https://x.example/a?b=1&c=<d>", "javascript:alert(1)", `https://x.example/${text()}`]),
        text: text(),
      }),
      () => ({ time: new Date(1_790_000_000_000 + below(1e9)), zone: one(["Europe/Berlin", "UTC", "No/Where"]) }),
      () => ({ member: one(["U123", "nobody"]), name: text() }),
    ])();
  const rich = (most = 6): Rich => some(most, span);
  const button = (): Button => ({
    label: text(),
    ask: { ...ask, caseId: one(["c1", text()]) },
    ...(below(2) === 0 ? { style: one(["primary", "danger"]) } : {}),
    ...(below(3) === 0 ? { confirm: { title: text(), text: text(), yes: text(), no: text() } } : {}),
  });
  const part = (): Part =>
    one<() => Part>([
      () => ({ kind: "heading", text: text() }),
      () => ({ kind: "text", text: rich() }),
      () => ({ kind: "fields", fields: some(25, () => ({ label: text(), value: rich(3) })) }),
      () => ({
        kind: "list",
        ...(below(2) === 0 ? { title: rich(3) } : {}),
        items: some(one([3, 20, 400]), () => rich(3)),
      }),
      () => ({ kind: "note", text: rich() }),
      () => ({ kind: "actions", buttons: some(one([3, 30]), button) }),
      () => ({ kind: "divider" }),
    ])();
  const parts = () => some(one([5, 20, 80]), part);
  const message = (): Message => ({ summary: text(), parts: parts() });
  const options = () =>
    some(one([3, 12, 130]), (at) => ({ value: `${at}`.padEnd(one([1, 150]), "v"), label: text(), hint: text() }));
  const form = (): Form => ({
    kind: "review",
    title: text(),
    submit: text(),
    intro: parts(),
    fields: some(one([3, 10]), (at) => {
      const base = {
        id: `f${at}`,
        label: text(),
        ...(below(2) === 0 ? { hint: text() } : {}),
        optional: below(2) === 0,
      };
      return one<() => Form["fields"][number]>([
        () => ({ ...base, input: "text", lines: one(["one", "many"]), initial: text(), max: one([0, 200, 9000]) }),
        () => ({ ...base, input: "person" }),
        () => ({ ...base, input: "date", initial: "2026-12-01" }),
        () => {
          const all = [{ value: "first", label: text() }, ...options()];
          return {
            ...base,
            input: "choice",
            look: one(["menu", "radio"]),
            options: all,
            initial: one(["first", "none"]),
          };
        },
        () => {
          const all = [{ value: "first", label: text() }, ...options()];
          return { ...base, input: "check", options: all, initial: all.map(({ value }) => value).slice(0, below(20)) };
        },
      ])();
    }),
    carried: { caseId: "c1", picked: "1,2,3" },
  });
  return { message, form };
}

const seeds = Array.from({ length: RUNS }, (_, at) => at + 1);

describe("whatever there is to say", () => {
  it("makes a message that Slack takes", () => {
    for (const seed of seeds) {
      const { blocks, text } = renderMessage(maker(seed).message(), "key");
      const faults = [
        ...checkMessageBlocks(blocks),
        ...(areTooLong(blocks) ? ["too long"] : []),
        ...(text.length > 3000 ? ["text"] : []),
      ];
      expect(faults, `seed ${seed}`).toEqual([]);
    }
  });

  it("makes a dialog that Slack takes", () => {
    for (const seed of seeds) {
      const view = renderForm(maker(seed).form());
      expect([...checkView(view), ...(isTooLarge(view) ? ["too large"] : [])], `seed ${seed}`).toEqual([]);
    }
  });
});
