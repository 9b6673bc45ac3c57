import type { Account } from "../../core/access.ts";
import type { Message } from "../message.ts";
import { button, only, shownAs, withButtons } from "./words.ts";

// Answers about which account the leaver has in a system.

/** An account that was looked up, to be confirmed before it counts. */
export function foundAccountMessage(of: { caseId: string; system: string; title: string }, account: Account): Message {
  const { caseId, system } = of;
  return withButtons(
    [
      `In ${of.title} this is `,
      account.url ? { link: account.url, text: shownAs(account.login) } : { bold: shownAs(account.login) },
      ...(account.name ? [`, ${shownAs(account.name)}`] : []),
      `, ${account.kind}, id `,
      { code: shownAs(account.id) },
      ". Is it theirs? Nothing counts before you confirm.",
    ],
    button(
      "Confirm",
      { kind: "name-account", caseId, system, account: `id:${account.id}`, confirmed: true },
      { style: "primary" },
    ),
    button("Not this one", { kind: "ask-account", caseId, system }),
  );
}

/** What came of naming an account, or of saying that there is none. */
export function accountAnswer(
  kind: "named" | "not-found" | "taken" | "said-none" | "reading-again" | "too-late" | "unreachable",
  title: string,
  why?: string,
): Message {
  return only(accountWords(kind, title, why));
}

/** The same as one sentence. */
export function accountWords(kind: Parameters<typeof accountAnswer>[0], title: string, why?: string): string {
  switch (kind) {
    case "named":
      return `Noted. ${title} is read again with this account.`;
    case "not-found":
      return `${title} knows no account by exactly this login or id. Nothing was changed.`;
    case "taken":
      return "This account is known as somebody else’s. Nothing was changed.";
    case "said-none":
      return `Noted as your word: there is no account in ${title}.`;
    case "reading-again":
      return `${title} is being read again.`;
    case "too-late":
      return "This was settled meanwhile, or the plan is decided already. Nothing was changed.";
    case "unreachable":
      return `${title} could not be asked: ${shownAs(why ?? "no answer")}. Please try again. Nothing was changed.`;
    default:
      return kind satisfies never;
  }
}
