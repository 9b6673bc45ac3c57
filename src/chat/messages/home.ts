import { isOver } from "../../core/case.ts";
import { SECRET } from "../../core/offer.ts";
import { mayAct, type Role } from "../../core/rights.ts";
import type { CaseView, OfferView } from "../../store/views.ts";
import type { OpenCases } from "../../workflow/open-cases.ts";
import type { Button, Message, Part, Rich } from "../message.ts";
import { type ActsView, actsMessage } from "./acts.ts";
import { currentPlan } from "./case.ts";
import { caseLine, showButtons } from "./cases.ts";
import { waitingSections } from "./digest.ts";
import { button, caseState, count, paragraph, shownAs } from "./words.ts";
import { itemParts } from "./work-item.ts";

/** How the installation is: no names, no secrets. */
export interface HomeHealth {
  readonly db: "up" | "down";
  readonly queue: "up" | "down";
  readonly chat: "up" | "down" | "none";
  /** Why nothing is done at all. */
  readonly paused?: string;
  readonly version: string;
  readonly systems: number;
}

/** What somebody's own page is made of: already only what they may see. */
export interface HomeView {
  readonly now: Date;
  /** The person, if the directory knows them. */
  readonly reader: string | undefined;
  /** None for who is leaving. */
  readonly roles: ReadonlySet<Role>;
  readonly open: OpenCases["cases"];
  /** The newest cases for who may read history, over or not. */
  readonly latest: readonly CaseView[];
  /** What waits for their answer. */
  readonly offers: readonly { readonly view: CaseView; readonly offer: OfferView }[];
  /** Their own case, once it may be known. */
  readonly own: CaseView | undefined;
  /** Whether acts are paused, for who may lift it. */
  readonly acts: ActsView | undefined;
  readonly operations:
    | { readonly health: HomeHealth | undefined; readonly waiting: number; readonly logSize: number }
    | undefined;
}

/** Offers with buttons here; each has its own direct message as well. */
const OFFERS = 10;

/** The work of whoever looks at it, the most urgent first. */
export function homeMessage(view: HomeView): Message {
  const work = [
    ...approvalParts(view),
    ...offerParts(view),
    ...waitingParts(view),
    ...caseParts(view),
    ...latestParts(view),
    ...ownParts(view),
    ...operationParts(view),
  ];
  return {
    summary: "Your work in Signoff",
    parts: [
      { kind: "heading", text: "Your work" },
      ...(work.length === 0 ? [paragraph("Nothing waits for you.")] : []),
      ...pausedParts(view),
      ...startParts(view),
      ...work,
    ],
  };
}

/** The page with the instant it was made, which is no news by itself. */
export function upToDate(message: Message, now: Date, zone = "UTC"): Message {
  const note: Part = { kind: "note", text: ["Brought up to date ", { time: now, zone }, ". Only you see this page."] };
  return { ...message, parts: [...message.parts, { kind: "divider" }, note] };
}

function startParts({ reader, roles }: HomeView): Part[] {
  const asker = { personId: reader ?? "", roles, leaving: false };
  const buttons: Button[] = [
    ...(mayAct(asker, "open-case").allowed
      ? [button("Offboard someone", { kind: "start-case", who: { kind: "nobody" } }, { style: "primary" as const })]
      : []),
    ...(mayAct(asker, "verify-log").allowed ? [button("Verify the log", { kind: "verify-log" })] : []),
    button("Help", { kind: "help", command: "/offboard" }),
  ];
  return [{ kind: "actions", buttons }];
}

/** That nothing is done at all stands above everything else. */
function pausedParts({ acts }: HomeView): Part[] {
  return acts === undefined || acts.kind === "running" ? [] : [...(actsMessage(acts)?.parts ?? [])];
}

/** Plans that this very person can still decide on. */
function approvalParts({ open, reader, now }: HomeView): Part[] {
  const mine = open.filter(({ view, as }) => as === "approver" && waitsFor(view, reader)).map(({ view }) => view);
  if (mine.length === 0) return [];
  return [
    { kind: "heading", text: `Wait for your approval (${mine.length})` },
    { kind: "list", items: mine.map((view) => caseLine(view, now)) },
    showButtons(mine),
  ];
}

function waitsFor(view: CaseView, reader: string | undefined): boolean {
  const plan = currentPlan(view);
  if (plan?.state !== "proposed" || view.case.requesterId === reader) return false;
  return !plan.decisions.some(({ by }) => by.id === reader);
}

function offerParts({ offers, now, reader }: HomeView): Part[] {
  if (offers.length === 0) return [];
  return [
    { kind: "heading", text: `Asked of you (${offers.length})` },
    ...offers
      .slice(0, OFFERS)
      .flatMap(({ view, offer }): Part[] => [
        { kind: "note", text: [`Until now with ${view.leaver.name}.`] },
        ...itemParts(view, offer, { id: reader ?? "", now }),
      ]),
    ...(offers.length > OFFERS
      ? [{ kind: "note", text: [`${offers.length - OFFERS} more are in your direct messages.`] } as const]
      : []),
  ];
}

/** What waits for an approver besides plans. */
function waitingParts({ open, now }: HomeView): Part[] {
  const cases = open.filter(({ as }) => as === "approver").map(({ view }) => view);
  const parts = waitingSections({ now, zone: "UTC", cases });
  return parts.length === 0 ? [] : [{ kind: "heading", text: "Needs somebody" }, ...parts];
}

function caseParts({ open, now, roles }: HomeView): Part[] {
  if (open.length === 0) return [];
  const all = roles.has("approver") || roles.has("auditor");
  return [
    { kind: "heading", text: all ? `Open cases (${open.length})` : `Your cases (${open.length})` },
    { kind: "list", items: open.map(({ view }) => caseLine(view, now)) },
    showButtons(open.map(({ view }) => view)),
  ];
}

/** For auditors: what is over, which the list of open cases does not show, and the way to everybody's history. */
function latestParts({ latest, roles }: HomeView): Part[] {
  if (!roles.has("auditor") || latest.length === 0) return [];
  const over = latest.filter((view) => isOver(view.case.state));
  const leavers = [...new Map(latest.map(({ leaver }) => [leaver.id, leaver])).values()].slice(0, OFFERS);
  return [
    { kind: "heading", text: over.length > 0 ? "Over lately" : "History" },
    ...(over.length > 0 ? [{ kind: "list", items: over.map(overLine) } as const] : []),
    {
      kind: "actions",
      buttons: leavers.map(({ id, name }) =>
        button(`History of ${name}`, { kind: "history", who: { kind: "unclear", text: id } }),
      ),
    },
  ];
}

function overLine(view: CaseView): Rich {
  const row = view.case;
  return [
    { bold: view.leaver.name },
    " ",
    { quiet: `case ${row.id}` },
    `: ${caseState(view)} `,
    { time: row.closedAt ?? row.openedAt, zone: row.dueZone },
  ];
}

/** Their own departure: what becomes of their work. */
function ownParts({ own }: HomeView): Part[] {
  if (!own) return [];
  // Which secrets somebody could know is access, and no work of theirs.
  const work = own.offers.filter(({ item }) => item.kind !== SECRET);
  return [
    { kind: "heading", text: "Your handover" },
    paragraph("Your access ends ", { time: own.case.dueAt, zone: own.case.dueZone }, "."),
    work.length === 0 ? paragraph("No work of yours needs an owner.") : { kind: "list", items: work.map(handedOver) },
    ...noteParts(work),
  ];
}

/** What still moves can be given a word on its way. */
function noteParts(work: readonly OfferView[]): Part[] {
  const open = work.filter(({ state }) => ["held", "offered", "failed", "accepted"].includes(state));
  if (open.length === 0) return [];
  return [
    { kind: "note", text: ["Leave a word for whoever takes it:"] },
    {
      kind: "actions",
      buttons: open
        .slice(0, OFFERS)
        .map(({ id, item, leaverNote }) =>
          button(`${leaverNote === null ? "" : "Again: "}${shownAs(item.title)}`, { kind: "note-work", offerId: id }),
        ),
    },
  ];
}

function handedOver({ item, state, to }: OfferView): Rich {
  const title = shownAs(item.title);
  const who = to?.name ?? "nobody yet";
  const where = {
    held: "not offered yet",
    offered: `${who} is asked`,
    failed: `${who} is asked`,
    accepted: `${who} takes it`,
    moved: `with ${who}`,
    closing: "is being closed, since nobody needs it",
    closed: "closed, since nobody needs it",
    rotating: `${who} takes it`,
    attested: `done by ${who}`,
    unclaimed: "goes to your manager by name",
    void: "needs no owner any more",
  }[state];
  return [item.url ? { link: item.url, text: title } : { bold: title }, `: ${where}`];
}

function operationParts({ operations }: HomeView): Part[] {
  if (!operations) return [];
  const { health, waiting, logSize } = operations;
  return [
    { kind: "heading", text: "Health" },
    ...(health?.paused === undefined ? [] : [paragraph({ bold: "Paused" }, `: ${shownAs(health.paused)}`)]),
    {
      kind: "fields",
      fields: [
        ...(health
          ? [
              { label: "Database", value: [health.db] },
              { label: "Job queue", value: [health.queue] },
              { label: "Chat", value: [health.chat] },
              { label: "Systems", value: [count(health.systems, "system")] },
              { label: "Version", value: [health.version] },
            ]
          : []),
        { label: "Messages waiting", value: [String(waiting)] },
        { label: "Entries in the log", value: [String(logSize)] },
      ],
    },
  ];
}
