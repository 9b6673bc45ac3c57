import { findCase, listReads } from "../store/cases.ts";
import { titleOf } from "../store/views.ts";
import { nameAccount, noAccount } from "../workflow/name-account.ts";
import { type Deps, isRefusal, requestOf, sayRefusal } from "./desk.ts";
import { FIELDS } from "./forms.ts";
import type { Intent } from "./intent.ts";
import { accountAnswer, accountWords, foundAccountMessage } from "./messages/account.ts";
import { nameAccountForm } from "./messages/dialogs.ts";
import type { Reply } from "./surface.ts";

type Of<K extends Intent["kind"]> = Extract<Intent, { kind: K }>;

/** “Name account”: opens the dialog while there is something to name. */
export async function startNaming(deps: Deps, intent: Of<"ask-account">, reply: Reply): Promise<void> {
  const { caseId, system } = intent;
  const title = titleOf(deps.workflow.systems, system);
  const open = await deps.workflow.store.db.transaction(async (tx) => {
    const row = await findCase(tx, caseId);
    const lines = row ? await listReads(tx, caseId, row.round) : [];
    return lines.some((line) => line.system === system && line.state === "unmatched");
  });
  return open ? reply.ask(nameAccountForm(caseId, system, title)) : reply.say(accountAnswer("too-late", title));
}

/** A typed login or id: shows the account it is, to be confirmed. */
export async function lookUpAccount(deps: Deps, intent: Of<"name-account">, reply: Reply): Promise<void> {
  const { caseId, system, account } = intent;
  const title = titleOf(deps.workflow.systems, system);
  const field = FIELDS["name-account"].account;
  const found = await nameAccount(deps.workflow, requestOf(intent), { caseId, system, account, confirmed: false });
  if (isRefusal(found)) return sayRefusal(reply, found);
  if (found.kind === "found") return reply.say(foundAccountMessage({ caseId, system, title }, found.account));
  return reply.reject({
    [field]: accountWords(found.kind, title, found.kind === "unreachable" ? found.why : undefined),
  });
}

/** “Confirm” under the account that was shown. */
export async function confirmAccount(deps: Deps, intent: Of<"name-account">, reply: Reply): Promise<void> {
  const { caseId, system, account } = intent;
  const title = titleOf(deps.workflow.systems, system);
  const named = await nameAccount(deps.workflow, requestOf(intent), { caseId, system, account, confirmed: true });
  if (isRefusal(named)) return sayRefusal(reply, named);
  if (named.kind === "found") return reply.say(foundAccountMessage({ caseId, system, title }, named.account));
  return reply.say(accountAnswer(named.kind, title, named.kind === "unreachable" ? named.why : undefined));
}

/** “Has none”. */
export async function sayNone(deps: Deps, intent: Of<"no-account">, reply: Reply): Promise<void> {
  const { caseId, system } = intent;
  const said = await noAccount(deps.workflow, requestOf(intent), { caseId, system });
  if (isRefusal(said)) return sayRefusal(reply, said);
  return reply.say(
    accountAnswer(said.kind === "found" ? "not-found" : said.kind, titleOf(deps.workflow.systems, system)),
  );
}
