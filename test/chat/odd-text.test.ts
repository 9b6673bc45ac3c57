import { expect, it } from "vitest";
import { renderMessage } from "../../src/chat/slack/render.ts";
import { textOf } from "../peers/chat.ts";
import { bench } from "./bench.ts";

/** NUL, half a surrogate pair, a control character, and one that turns the reading direction round. */
const ODD = "\0\ud800\u0007\u202e";

it("takes names that no screen or database can hold from plan to summary and history, and never lets them protect anybody", async () => {
  await using b = await bench({
    alice: {
      email: "alice@acme.test",
      grants: [{ id: `g${ODD}`, resource: `acme/${ODD}payments`, role: `admin${ODD}` }],
      work: [`Fix ${ODD} pay()`],
    },
  });
  const caseId = await b.open({ announced: true });
  await b.settle();
  await b.press("ann", b.shown(`case:${caseId}`), "Approve");
  await b.press("bob", b.shown(`case:${caseId}`), "Approve");
  await b.settle();
  const [step] = (await b.view(caseId)).steps;
  expect(step?.state).toBe("proven");
  const { said } = await b.ask("audrey", { kind: "history", who: { kind: "member", id: "Ualice" } });
  const messages = [...b.chat.posts.map(({ message }) => message), ...said];
  expect(messages.map(textOf).join("\n")).toContain("payments");
  expect(messages.map(textOf).join("\n")).toContain("pay()");
  for (const message of messages) {
    const shown = JSON.stringify(renderMessage(message));
    // JSON writes each of them as an escape, but for the one that turns the direction.
    expect(shown).not.toMatch(/\\u0000|\\u0007|\\ud800|\u202e/i);
  }
});
