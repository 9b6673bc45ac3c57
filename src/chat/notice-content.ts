import { DateTime } from "luxon";
import { isOver } from "../core/case.ts";
import { isAsked } from "../core/offer.ts";
import { approverRole } from "../core/rights.ts";
import type { Case } from "../store/cases.ts";
import { findLook } from "../store/looks.ts";
import type { Tx } from "../store/open.ts";
import { findPost, type Post } from "../store/posts.ts";
import { type CaseView, loadCaseView, type StepView } from "../store/views.ts";
import { findPerson, findPersonNamed, getPerson } from "../workflow/known-people.ts";
import type { Notice, NoticeFor } from "../workflow/notices.ts";
import { NotVouched, proveCase } from "../workflow/vouched.ts";
import { approversOf, peopleWith } from "../workflow/who.ts";
import type { Workflow } from "../workflow/workflow.ts";
import { loadActs } from "./acts-content.ts";
import { loadDigest } from "./digest-content.ts";
import type { Message } from "./message.ts";
import { actsMessage, pausedNote } from "./messages/acts.ts";
import { additionMessage } from "./messages/addition.ts";
import { heirMessage } from "./messages/breaks.ts";
import { caseMessage } from "./messages/case.ts";
import { operatorPageMessage, pageMessage } from "./messages/containment.ts";
import { digestMessage } from "./messages/digest.ts";
import { keptMessage } from "./messages/kept.ts";
import { lookedAgainMessage } from "./messages/looked-again.ts";
import { mirrorMessage } from "./messages/mirror.ts";
import { missedMessage, unreachedMessage } from "./messages/missed.ts";
import { manualMessage, stepMessage } from "./messages/step.ts";
import {
  obstacleMessage,
  ownWork,
  unclaimedMessage,
  withdrawnWork,
  workMessage,
  workReminder,
} from "./messages/work.ts";
import { moveFor } from "./move-content.ts";
import { eachWhy } from "./notice-place.ts";
import { rolesChangeFor } from "./roles-content.ts";
import { summaryFor } from "./summary-content.ts";
import { isKnown, workFor } from "./work-content.ts";

/** What a notice says now, or why nothing is said. */
export type Content =
  | { readonly kind: "say"; readonly message: Message; readonly about: About }
  | { readonly kind: "nothing"; readonly why: string };

/** Whom and what a message is about, as far as it decides where it may be said and until when. */
export interface About {
  /** None for what is about several cases. */
  readonly caseId: string | undefined;
  /** The one case, as far as who may read it depends on it. */
  readonly of?: Case;
  /** Nobody hears of their own case from us. */
  readonly leaverIds: readonly string[];
  /** Since when it is over; the message is not worth much long after. */
  readonly over: Date | null;
}

/**
 * Makes a notice's words from the tables. Nothing is said of a case that the log does not vouch for, nor of work before
 * the departure may be known, nor news that is none any more.
 */
export async function contentOf(
  tx: Tx,
  w: Workflow,
  post: Post,
  notice: Exclude<Notice, { kind: "home" }>,
  audience: NoticeFor,
): Promise<Content> {
  if (notice.kind === "digest") return digestFor(tx, w, notice, audience);
  if (notice.kind === "acts") return actsFor(tx, w, audience);
  if (notice.kind === "roles") return rolesChangeFor(tx, w, notice.seq, audience);
  const find = (id: string) => findPerson(tx, w, id);
  const view = await loadCaseView(tx, w.systems, find, notice.caseId);
  if (!view) return nothing("there is no such case");
  if (view.case.state === "held") return nothing("the case is held");
  try {
    await proveCase(tx, w, view.case);
  } catch (error) {
    if (!(error instanceof NotVouched)) throw error;
    w.log.error({ case: view.case.id }, "a message about a case that the log does not vouch for is not sent");
    return nothing("the log does not vouch for the case");
  }
  if (!(await isFor(tx, w, notice, audience, view))) {
    w.log.error({ case: view.case.id, notice: notice.kind }, "a message for somebody it is not for is not sent");
    return nothing("it is not for them");
  }
  const message = await messageOf(tx, w, post, notice, audience, view);
  if (typeof message === "string") return nothing(message);
  const about = {
    caseId: view.case.id,
    of: view.case,
    leaverIds: [view.case.leaverId],
    over: ["looked-again", "kept"].includes(notice.kind) ? null : view.case.closedAt,
  };
  return { kind: "say", message, about };
}

/** The day's digest, for the approvers' channel or for one of them. */
async function digestFor(
  tx: Tx,
  w: Workflow,
  { zone, day, restricted: kept }: Extract<Notice, { kind: "digest" }>,
  audience: NoticeFor,
): Promise<Content> {
  const reader = audience.kind === "person" ? audience.personId : undefined;
  const restricted = kept === true;
  const may =
    (audience.kind === "approvers" && !restricted) ||
    (reader !== undefined && (await peopleWith(tx, w, approverRole({ restricted }))).includes(reader));
  if (!may) return nothing("it is not for them");
  // While the chat was down days may have passed: only today's says what waits now.
  if (DateTime.fromJSDate(w.now(), { zone }).toISODate() !== day) return nothing("the day is over");
  const view = await loadDigest(tx, w, zone, restricted, reader);
  if (restricted && view.cases.length === 0) return nothing("no restricted case waits");
  const about = {
    caseId: undefined,
    leaverIds: [...new Set(view.cases.map(({ case: row }) => row.leaverId))],
    // What waited on a day is no news on the next.
    over: new Date(`${day}T00:00:00Z`),
  };
  return { kind: "say", message: digestMessage(view), about };
}

/** What the log says of a pause, for the approvers and for each operator. It names no case. */
async function actsFor(tx: Tx, w: Workflow, audience: NoticeFor): Promise<Content> {
  const person = audience.kind === "person" ? audience.personId : undefined;
  const roles = await Promise.all([peopleWith(tx, w, "approver"), peopleWith(tx, w, "operator")]);
  if (audience.kind !== "approvers" && (person === undefined || !roles.flat().includes(person)))
    return nothing("it is not for them");
  const message = actsMessage(await loadActs(tx, w));
  return message === undefined
    ? nothing("nothing was ever paused")
    : { kind: "say", message, about: { caseId: undefined, leaverIds: [], over: null } };
}

/** A notice about one case. */
type OfCase = Exclude<Notice, { kind: "digest" | "acts" | "roles" | "home" }>;

/** Whether a notice may go to this audience: a row in the queue of messages decides nothing about who learns what. */
async function isFor(tx: Tx, w: Workflow, notice: OfCase, audience: NoticeFor, view: CaseView): Promise<boolean> {
  if (audience.kind === "approvers") return notice.kind === "case";
  if (audience.kind === "case-thread") {
    const inThread = [
      "step",
      "addition",
      "missed",
      "rescheduled",
      "summary",
      "unreached",
      "looked-again",
      "obstacle",
      "kept",
    ].includes(notice.kind);
    return inThread && audience.caseId === view.case.id;
  }
  if (audience.kind === "home") return false;
  const { personId } = audience;
  // Under their own message about this very case, and nowhere else.
  if (audience.kind === "under" && audience.key !== keyFor(`case:${view.case.id}`, personId)) return false;
  switch (notice.kind) {
    case "mirror":
      return personId === view.case.requesterId;
    case "rescheduled": {
      const own = personId === view.case.requesterId;
      return own || (personId !== view.case.leaverId && (await peopleWith(tx, w, "approver")).includes(personId));
    }
    case "manual": {
      const step = view.steps.find(({ id }) => id === notice.stepId);
      const owner = step && w.systems.get(step.system)?.manual?.owner;
      return owner !== undefined && (await findPersonNamed(tx, w, owner)) === personId;
    }
    case "work":
    case "work-reminder":
      return personId === notice.personId && personId !== view.case.leaverId;
    case "unclaimed":
      return (await getPerson(tx, w, view.case.leaverId)).managerId === personId;
    case "heir":
      return personId !== view.case.leaverId && view.broken.some(({ heirId }) => heirId === personId);
    case "kept":
      return (
        personId !== view.case.leaverId &&
        (audience.kind === "under"
          ? (await approversOf(tx, w, view.case)).includes(personId)
          : view.kept.some(({ state, ownerId }) => ownerId === personId && ["agreed", "ended"].includes(state)))
      );
    case "page": {
      const people = await Promise.all([approversOf(tx, w, view.case), peopleWith(tx, w, "operator", view.case)]);
      return personId !== view.case.leaverId && people.flat().includes(personId);
    }
    default:
      return (await approversOf(tx, w, view.case)).includes(personId);
  }
}

/** The key under which one approver gets what others get in the channel. */
export function keyFor(key: string, personId: string): string {
  return `${key}${TO}${personId}`;
}

const TO = ":to:";

/** The message, or why there is none. */
async function messageOf(
  tx: Tx,
  w: Workflow,
  post: Post,
  notice: OfCase,
  audience: NoticeFor,
  view: CaseView,
): Promise<Message | string> {
  const posted = post.ts !== null || post.posting;
  switch (notice.kind) {
    case "case":
      return caseMessage(view, [...(await pausedNotes(tx, w, view)), ...(await notesFor(tx, post, audience))]);
    case "mirror":
      return mirrorMessage(view);
    case "step":
    case "manual": {
      const step = view.steps.find(({ id }) => id === notice.stepId);
      if (!step) return "there is no such step";
      if (!posted && !needsSomebody(step)) return "nobody is needed any more";
      return notice.kind === "step" ? stepMessage(view, step) : manualMessage(view, step);
    }
    case "addition": {
      const plan = view.plans.find(({ revision }) => revision === notice.revision);
      return plan ? additionMessage(view, plan) : "there is no such plan";
    }
    case "missed":
      return view.case.missedAt === null ? "it was not missed" : missedMessage(view);
    case "rescheduled":
      return moveFor(tx, w, notice, view);
    case "page": {
      const order = view.plans.find(({ scope }) => scope === "contain");
      if (!order || (!posted && order.state !== "proposed")) return "the containment is decided";
      const approver = audience.kind === "person" && (await approversOf(tx, w, view.case)).includes(audience.personId);
      return approver ? pageMessage(view, order) : operatorPageMessage(view, order);
    }
    case "work":
    case "work-reminder":
      return workOf(tx, w, notice, view, posted);
    case "unclaimed":
      if (!posted && !(await isKnown(tx, w, view))) return "the departure may not be known yet";
      return unclaimedMessage(view, { id: view.manager?.id ?? "", now: w.now() });
    case "obstacle":
      return obstacleMessage(view, notice.personId);
    case "summary":
      return summaryFor(tx, w, view);
    case "heir":
      if (audience.kind !== "person" || (!posted && !(await isKnown(tx, w, view))))
        return "the departure may not be known yet";
      return heirMessage(view, audience.personId) ?? "nothing falls to them";
    case "kept":
      if (view.case.state !== "closed") return "the case is not closed";
      return keptMessage(view, notice.time, audience.kind === "person" ? audience.personId : undefined);
    case "looked-again": {
      const look = await findLook(tx, notice.caseId, notice.system);
      const title = w.systems.get(notice.system)?.title ?? notice.system;
      return look ? lookedAgainMessage(view, title, look) : "there is nothing to look at again";
    }
    case "unreached":
      return unreachedMessage(await getPerson(tx, w, notice.personId), notice.why);
    default:
      return notice satisfies never;
  }
}

/** The work of a case that is put to somebody. Who was never asked is not told that somebody else is. */
async function workOf(
  tx: Tx,
  w: Workflow,
  { kind, personId }: Extract<Notice, { kind: "work" | "work-reminder" }>,
  view: CaseView,
  posted: boolean,
): Promise<Message | string> {
  // A cancelled case takes back what was said of it: the message stands, and says that nothing is left to do.
  const work = await workFor(tx, w, view, personId);
  if (!work) return posted ? withdrawnWork(view) : "nothing is put to them, or the departure may not be known yet";
  const waits = ownWork(work, personId).some(isAsked);
  if (!posted && (!waits || isOver(view.case.state))) return "it is not put to them any more";
  const reader = { id: personId, now: w.now() };
  return kind === "work" ? workMessage(work, reader) : workReminder(work, reader);
}

function needsSomebody(step: StepView): boolean {
  return ["attention", "by-hand", "attesting", "skipped", "expired"].includes(step.state);
}

/** While acts are paused, a case that would be cut says so. */
async function pausedNotes(tx: Tx, w: Workflow, view: CaseView): Promise<string[]> {
  return isOver(view.case.state) ? [] : pausedNote(await loadActs(tx, w));
}

/** Why this comes by direct message, said in the case message itself. */
async function notesFor(tx: Tx, post: Post, audience: NoticeFor): Promise<string[]> {
  if (audience.kind !== "person") return [];
  const shared = await findPost(tx, post.key.slice(0, post.key.lastIndexOf(TO)));
  const why = eachWhy(shared);
  return why ? [`This comes to you directly, since the approvers’ channel cannot be used: ${why}.`] : [];
}

function nothing(why: string): Content {
  return { kind: "nothing", why };
}
