import type { Mention } from "../intent.ts";
import { unescaped } from "./mrkdwn.ts";

// The text after a slash command, as Slack escapes it with `should_escape`: `<@U123|alice>`, `<!subteam^S1|@devs>`,
// `<#C1|general>`, `<mailto:a@b.example|a@b.example>`.

const TOKEN = /<([@#!])([^>|]*)(?:\|[^>]*)?>|<mailto:([^>|]+)(?:\|[^>]*)?>/g;
const EMAIL = /^[^\s@<>|]+@[^\s@<>|]+\.[^\s@<>|]+$/;

/**
 * Who is meant, and what is written besides. Exactly one account counts; a group, a channel or a second account is never
 * narrowed down by guessing, and a plain name is never looked up, since two people may have it.
 */
export function readMention(text: string): { readonly who: Mention; readonly rest: string } {
  const tokens = [...text.matchAll(TOKEN)];
  const rest = tidy(unescaped(text.replace(TOKEN, " ")));
  const named = (sign: string) => tokens.filter((token) => token[1] === sign).map((token) => token[2] ?? "");
  const [group] = named("!");
  if (group !== undefined) return { who: { kind: "group", id: group.replace(/^subteam\^/, "") }, rest };
  const [channel] = named("#");
  if (channel !== undefined) return { who: { kind: "channel", id: channel }, rest };
  const ids = [...new Set(named("@"))];
  const [id] = ids;
  if (id !== undefined) return { who: ids.length === 1 ? { kind: "member", id } : { kind: "several", ids }, rest };

  const linked = tokens.flatMap((token) => (token[3] === undefined ? [] : [unescaped(token[3])]));
  const words = rest === "" ? [] : rest.split(" ");
  const emails = [
    ...new Set([...linked, ...words].filter((word) => EMAIL.test(word)).map((mail) => mail.toLowerCase())),
  ];
  const [email] = emails;
  if (email !== undefined && emails.length === 1) {
    return { who: { kind: "email", email }, rest: words.filter((word) => word.toLowerCase() !== email).join(" ") };
  }
  const plain = tidy(unescaped(text));
  if (plain === "") return { who: { kind: "nobody" }, rest: "" };
  // The first word is the name; a filter may follow it.
  return { who: { kind: "unclear", text: plain.slice(0, 200) }, rest: words.slice(1).join(" ") };
}

function tidy(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
