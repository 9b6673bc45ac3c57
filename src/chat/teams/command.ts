import type { Mention } from "../intent.ts";
import type { Ask } from "../message.ts";
import { askOfVerb } from "../verbs.ts";
import type { MentionEntity } from "./activity.ts";

// A command is what is written to the bot: `offboard @Alice Friday 6pm`, `audit @Alice github`, `list`, `help`. Who is meant
// is said by the mentions' ids alone: the same name may be two people's, and the text of a mention is what its writer sees.

const EMAIL = /^[^\s@<>|]+@[^\s@<>|]+\.[^\s@<>|]+$/;
const TAGS = /<at\b[^>]*>[\s\S]*?<\/at>/gi;
const SHORT = 200;

/** What somebody wrote, without the bot's own mention. `botId` is the activity's recipient. */
export function readCommand(text: string, mentions: readonly MentionEntity[], botId: string): Ask {
  const others = mentions.filter(({ mentioned }) => mentioned.id !== botId).map(({ mentioned }) => mentioned);
  const plain = tidy(decoded(text.replace(TAGS, " ").replace(/<[^>]*>/g, " ")));
  const [, verb = "", after = ""] = /^\/?([a-z]+)(?=\s|$)\s*(.*)$/i.exec(plain) ?? [];
  return commandOf(verb.toLowerCase(), after, others) ?? HELP;
}

/** What is shown to whoever writes something else. */
const HELP: Ask = { kind: "help", command: "@Signoff" };

function commandOf(verb: string, after: string, others: readonly Mentioned[]): Ask | undefined {
  const whoOf = (text: string) => whoIs(text.trim(), others);
  switch (verb) {
    case "offboard": {
      // The words that follow /offboard elsewhere work here as well; beside a person they would mean everything at once.
      const [, inner = "", rest = ""] = /^([a-z]+)(?=\s|$)\s*(.*)$/i.exec(after) ?? [];
      if (inner.toLowerCase() === "help") return HELP;
      const asked = askOfVerb(inner, rest, whoOf);
      if (asked && (others.length === 0 || "who" in asked)) return asked;
      const { who, rest: words } = whoIs(after, others);
      return { kind: "start-case", who, ...(words === "" ? {} : { words: words.slice(0, SHORT) }) };
    }
    case "audit":
    case "history": {
      const { who, rest } = whoIs(after, others);
      return { kind: "history", who, ...(rest === "" ? {} : { filter: rest.slice(0, SHORT) }) };
    }
    case "verify":
      return { kind: "verify-log" };
    default:
      return askOfVerb(verb, after, whoOf);
  }
}

type Mentioned = MentionEntity["mentioned"];

/** Exactly one account counts; a team, a channel, a tag or a second account is never narrowed down by guessing. */
function whoIs(text: string, others: readonly Mentioned[]): { readonly who: Mention; readonly rest: string } {
  const ids = [...new Set(others.map(({ id, aadObjectId }) => aadObjectId || id))];
  const place = others.find(({ id }) => id.startsWith("19:"));
  if (place) return { who: { kind: "channel", id: place.id }, rest: text };
  const tag = others.find(({ id, aadObjectId }) => !aadObjectId && !/^\d+:/.test(id));
  if (tag) return { who: { kind: "group", id: tag.id }, rest: text };
  const [id] = ids;
  if (id !== undefined)
    return { who: ids.length === 1 ? { kind: "member", id } : { kind: "several", ids }, rest: text };
  const words = text === "" ? [] : text.split(" ");
  const emails = [...new Set(words.filter((word) => EMAIL.test(word)).map((word) => word.toLowerCase()))];
  const [email] = emails;
  if (email !== undefined && emails.length === 1)
    return { who: { kind: "email", email }, rest: words.filter((word) => word.toLowerCase() !== email).join(" ") };
  if (text === "") return { who: { kind: "nobody" }, rest: "" };
  // The first word is the name; a filter may follow it.
  return { who: { kind: "unclear", text: text.slice(0, SHORT) }, rest: words.slice(1).join(" ") };
}

function decoded(text: string): string {
  return text
    .replaceAll("&nbsp;", " ")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}

function tidy(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
