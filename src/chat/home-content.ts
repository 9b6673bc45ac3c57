import type { Asker } from "../core/rights.ts";
import { mayAct } from "../core/rights.ts";
import { latestCheckpoint } from "../store/log.ts";
import { listOffersTo } from "../store/offers.ts";
import type { Tx } from "../store/open.ts";
import { countWaitingPosts } from "../store/posts.ts";
import { mayBeAsked } from "../workflow/heirs.ts";
import { mayBeKnown } from "../workflow/offer-work.ts";
import { findOwnCase, listSeen, loadLatestCases, loadVouched } from "../workflow/open-cases.ts";
import { askerOf } from "../workflow/who.ts";
import type { Workflow } from "../workflow/workflow.ts";
import { loadActs } from "./acts-content.ts";
import type { HomeHealth, HomeView } from "./messages/home.ts";

/** Of what is over, auditors see the newest here; `/audit` has all. */
const LATEST = 10;

/**
 * Reads what somebody's own page shows: by what they may see now, whatever the row says that asked for it. Whoever is
 * leaving sees what people without a role see, and their own handover once the departure may be known.
 */
export async function loadHome(
  tx: Tx,
  w: Workflow,
  personId: string | undefined,
  health: HomeHealth | undefined,
): Promise<HomeView> {
  const now = w.now();
  const nobody = {
    now,
    roles: new Set(),
    open: [],
    latest: [],
    offers: [],
    own: undefined,
    acts: undefined,
    operations: undefined,
  };
  if (personId === undefined) return { ...nobody, roles: new Set(), reader: undefined };
  const asker = await askerOf(tx, w, personId);
  if (asker.leaving) return { ...nobody, roles: new Set(), reader: personId, own: await loadOwn(tx, w, personId) };
  return {
    now,
    reader: personId,
    roles: asker.roles,
    open: await listSeen(tx, w, asker),
    latest: mayAct(asker, "read-history").allowed ? await loadLatestCases(tx, w, asker, LATEST) : [],
    offers: await loadOffers(tx, w, asker),
    own: undefined,
    acts: mayAct(asker, "resume").allowed ? await loadActs(tx, w) : undefined,
    operations: asker.roles.has("operator") ? await loadOperations(tx, health) : undefined,
  };
}

/** What is put to them and waits for their answer. */
async function loadOffers(tx: Tx, w: Workflow, asker: Asker): Promise<HomeView["offers"]> {
  const found: HomeView["offers"][number][] = [];
  for (const { id, caseId, itemKey } of await listOffersTo(tx, asker.personId)) {
    const view = await loadVouched(tx, w, caseId);
    const offer = view?.offers.find((one) => one.id === id);
    if (!view || !offer || !mayBeKnown(view.case)) continue;
    // A row alone tells nobody who is leaving.
    if (await mayBeAsked(tx, w, view.case, itemKey, asker.personId)) found.push({ view, offer });
  }
  return found;
}

/** Their own case, if they said themselves that they go and everybody may know. */
async function loadOwn(tx: Tx, w: Workflow, personId: string): Promise<HomeView["own"]> {
  const view = await findOwnCase(tx, w, personId);
  if (!view?.case.announced || view.case.kind !== "voluntary" || !mayBeKnown(view.case)) return undefined;
  return view;
}

async function loadOperations(tx: Tx, health: HomeHealth | undefined): Promise<HomeView["operations"]> {
  return {
    health,
    waiting: await countWaitingPosts(tx),
    logSize: (await latestCheckpoint(tx))?.size ?? 0,
  };
}
