import { REASONS, Reason } from "../core/case.ts";
import type { Policy } from "../core/policy.ts";
import { checkLeaver, openCase } from "../workflow/open-case.ts";
import { readDue } from "../workflow/when.ts";
import { accountOf, type Deps, isRefusal, requestOf, sayRefusal, surfaceOf } from "./desk.ts";
import { FIELDS } from "./forms.ts";
import type { Intent, Member, Mention } from "./intent.ts";
import {
  nobodyThere,
  noCaseMessage,
  noCaseWords,
  notOnePerson,
  openedMessage,
  tomorrowIn,
} from "./messages/answers.ts";
import { openCaseForm, pickLeaverForm } from "./messages/dialogs.ts";
import type { SaidWhen } from "./messages/when-fields.ts";
import { readSaidTime } from "./said-time.ts";
import type { ChatSurface, Reply } from "./surface.ts";

type Of<K extends Intent["kind"]> = Extract<Intent, { kind: K }>;

/** `/offboard …`: finds out who is meant and opens the dialog, or says why nobody can be offboarded by this. */
export async function startCase(deps: Deps, intent: Of<"start-case">, reply: Reply): Promise<void> {
  const surface = surfaceOf(deps, intent);
  const { who } = intent;
  if (who.kind === "several" || who.kind === "group" || who.kind === "channel")
    return reply.say(notOnePerson(who.kind));
  if (who.kind === "nobody") return reply.ask(pickLeaverForm("Whom is it about?"));
  if (who.kind === "unclear")
    return reply.ask(pickLeaverForm(`“${who.text}” does not name one account for sure. Please choose the person.`));
  const member = await findMember(surface, who);
  if (!member && who.kind === "email")
    return reply.ask(pickLeaverForm("No account here has this e-mail. Please choose the person."));
  if (!member) return reply.say(nobodyThere());
  const ready = await checkLeaver(deps.workflow, requestOf(intent), accountOf(member));
  if (isRefusal(ready)) return sayRefusal(reply, ready);
  if (ready.kind !== "ready") return reply.say(noCaseMessage(ready));
  // The directory's zone is the person's own; the chat's is what their laptop says.
  const zone = ready.zone === "UTC" ? (member.zone ?? ready.zone) : ready.zone;
  const now = deps.workflow.now();
  return reply.ask(
    openCaseForm({
      memberId: member.id,
      name: ready.name,
      email: member.email,
      personId: ready.personId,
      zone,
      tomorrow: tomorrowIn(zone, now),
      restrictable: ready.restrictable,
      said: saidWhen(intent.words ?? "", zone, now, deps.workflow.policy),
    }),
  );
}

/** The dialog came back: opens the case, or says at the field what is wrong. */
export async function openFromForm(deps: Deps, intent: Of<"open-case">, reply: Reply): Promise<void> {
  const surface = surfaceOf(deps, intent);
  const field = FIELDS["open-case"];
  const { leave } = intent;
  const member = await surface.getMember(intent.leaver);
  if (!member) return reply.say(nobodyThere());
  const reason = Reason.safeParse(leave.reason);
  if (!reason.success) return reply.reject({ [field.reason]: `Choose one of: ${REASONS.join(", ")}.` });
  const heir = leave.heir === undefined ? undefined : await surface.getMember(leave.heir);
  if (leave.heir !== undefined && !heir) return reply.reject({ [field.heir]: "This account does not exist here." });
  const opened = await openCase(deps.workflow, requestOf(intent), accountOf(member), {
    when: leave.when,
    kind: leave.kind,
    mode: leave.mode,
    announced: leave.announced,
    restricted: leave.restricted === true,
    reason: reason.data,
    ...(heir ? { heir: accountOf(heir) } : {}),
  });
  if (isRefusal(opened)) return sayRefusal(reply, opened);
  switch (opened.kind) {
    case "opened":
      return reply.say(openedMessage(opened, member.name));
    case "bad-time":
      return reply.reject({ [field.time]: noCaseWords(opened) });
    case "bad-heir":
      return reply.reject({ [field.heir]: noCaseWords(opened) });
    default:
      return reply.say(noCaseMessage(opened));
  }
}

/** When it should be, as far as the command's words say it; what can be wrong is asked in the dialog. */
export function saidWhen(words: string, zone: string, now: Date, policy: Policy): SaidWhen {
  const said = readSaidTime(words, zone, now);
  switch (said.kind) {
    case "unclear":
      return { kind: "nothing", notes: [said.why] };
    case "nothing":
    case "now":
      return { kind: said.kind, notes: notUnderstood(said.rest) };
    case "at": {
      const notes = [...said.questions, ...notUnderstood(said.rest)];
      const due = readDue({ ...said, zone }, zone, now, policy);
      if ("fault" in due) return { kind: "nothing", notes: [due.fault, ...notes] };
      return { kind: "at", date: said.date, time: said.time, at: due.at, notes };
    }
    default:
      return said satisfies never;
  }
}

function notUnderstood(rest: string): readonly string[] {
  return rest === "" ? [] : [`“${rest}” was not understood.`];
}

function findMember(
  surface: ChatSurface,
  who: Extract<Mention, { kind: "member" | "email" }>,
): Promise<Member | undefined> {
  return who.kind === "member" ? surface.getMember(who.id) : surface.findMember(who.email);
}
