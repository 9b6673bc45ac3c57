import type { z } from "zod";
import { type Account, type Reading, SystemError, type WorkItem } from "../connector.ts";
import { findById, getStanding } from "./accounts.ts";
import type { Client } from "./client.ts";
import { handOverComment } from "./comment.ts";
import { shown } from "./read-back.ts";
import { BulkEdit, Component, Filter, Issue, Project, type User } from "./schema.ts";
import { isAssignable } from "./suggest.ts";
import { listDashboards, workOf } from "./work.ts";

/**
 * Moves one item to `to` and reads it back; done twice it changes nothing more. Jira may say yes and keep what was, so
 * success is what a fresh read shows.
 */
export async function reassign(client: Client, item: WorkItem, to: Account): Promise<Reading> {
  const { own } = await getStanding(client);
  const { kind, id } = workOf(item);
  const taker = await findById(client, to.id);
  if (!taker || taker.active === false) throw refused(`${to.name ?? to.id} has no active account here`);
  switch (kind) {
    case "issue":
      return reassignIssue(client, item, id, taker, own);
    case "project-lead":
      return reassignLead(client, item, taker, {
        read: () => readLead(client, Project, (jira, via) => jira.getProject(via, { projectIdOrKey: id })),
        write: (leadAccountId) =>
          client.send((jira, via) => jira.updateProject(via, { projectIdOrKey: id, leadAccountId })),
        request: `GET /rest/api/3/project/${id}`,
      });
    case "component-lead":
      return reassignLead(client, item, taker, {
        read: () => readLead(client, Component, (jira, via) => jira.getComponent(via, { id })),
        write: (leadAccountId) =>
          client.send((jira, via) => jira.updateComponent(via, { id, body: { leadAccountId } })),
        request: `GET /rest/api/3/component/${id}`,
      });
    case "filter":
      return reassignLead(client, item, taker, {
        read: async () => {
          const asked = { id: Number(id), overrideSharePermissions: true };
          const filter = await client.find(Filter, (jira, via) => jira.getFilter(via, asked));
          return filter && { holder: filter.body.owner?.accountId };
        },
        // jira.js has no function for it.
        write: (accountId) =>
          client.send((_, via) =>
            via.sendRequest({ method: "PUT", url: `/rest/api/3/filter/${id}/owner`, body: { accountId } }),
          ),
        request: `GET /rest/api/3/filter/${id}`,
      });
    case "dashboard":
      return reassignDashboard(client, item, id, taker);
    default:
      return kind satisfies never;
  }
}

async function reassignIssue(
  client: Client,
  item: WorkItem,
  issueIdOrKey: string,
  taker: User,
  own: User,
): Promise<Reading> {
  const read = async () => {
    const fields = ["assignee", "status"];
    const issue = await client.find(Issue, (jira, to) => jira.getIssue(to, { issueIdOrKey, fields }));
    // Hidden and deleted look the same, so neither is taken for "needs nobody any more".
    if (!issue) throw refused("Jira shows this ticket no more: deleted, or hidden from our credential");
    return issue.body;
  };
  const request = `GET /rest/api/3/issue/${issueIdOrKey}`;
  const said = (issue: z.infer<typeof Issue>) => ({
    item: item.id,
    assignee: issue.fields.assignee?.accountId ?? null,
    category: issue.fields.status?.statusCategory?.key ?? null,
  });
  const before = await read();
  const holder = before.fields.assignee?.accountId;
  const { accountId } = taker;
  if (before.fields.status?.statusCategory?.key === "done") return shown(client, false, request, said(before));
  if (holder !== accountId) {
    // Somebody else took it meanwhile: it is not the leaver's to give away any more.
    if (holder !== undefined && holder !== item.account) return shown(client, false, request, said(before));
    if (!(await isAssignable(client, before.key, accountId))) {
      throw refused(
        `${taker.displayName ?? accountId} cannot be assigned in this project: needs the permission Assignable User`,
      );
    }
    await client.send((jira, to) => jira.assignIssue(to, { issueIdOrKey, accountId }));
  }
  const after = await read();
  if (after.fields.assignee?.accountId !== accountId)
    throw refused("Jira said yes, and the assignee is not the new one");
  const commented = await handOverComment(client, item, taker, own);
  return shown(client, true, request, { ...said(after), commented });
}

interface Holder {
  readonly holder: string | undefined;
}

interface Lead {
  read(): Promise<Holder | undefined>;
  write(accountId: string): Promise<unknown>;
  readonly request: string;
}

async function readLead(
  client: Client,
  schema: typeof Project | typeof Component,
  asking: Parameters<Client["find"]>[1],
): Promise<Holder | undefined> {
  const answer = await client.find<Project | Component>(schema, asking);
  return answer && { holder: answer.body.lead?.accountId };
}

/** One holder, read and written by its own endpoints. */
async function reassignLead(client: Client, item: WorkItem, taker: User, lead: Lead): Promise<Reading> {
  const { accountId } = taker;
  const before = await lead.read();
  const gone = before === undefined;
  if (gone || (before.holder !== undefined && before.holder !== item.account && before.holder !== accountId)) {
    return shown(client, false, lead.request, { item: item.id, gone, holder: before?.holder ?? null });
  }
  if (before.holder !== accountId) await lead.write(accountId);
  const after = await lead.read();
  if (after?.holder !== accountId) throw refused("Jira said yes, and the one responsible is not the new one");
  return shown(client, true, lead.request, { item: item.id, holder: accountId });
}

/** Jira shows the owner of a dashboard only by listing it for them, and only what is shared with us. */
async function reassignDashboard(client: Client, item: WorkItem, id: string, taker: User): Promise<Reading> {
  const request = "GET /rest/api/3/dashboard/search";
  const isHeldBy = async (accountId: string) =>
    (await listDashboards(client, accountId)).some((dashboard) => dashboard.id === id);
  const { accountId } = taker;
  if (!(await isHeldBy(accountId))) {
    const body = {
      action: "changeOwner",
      entityIds: [Number(id)],
      changeOwnerDetails: { newOwner: accountId, autofixName: true },
      extendAdminPermissions: true,
    };
    const { entityErrors } = (
      await client.get(BulkEdit, (_, to) =>
        to.sendRequest({ method: "PUT", url: "/rest/api/3/dashboard/bulk/edit", body }),
      )
    ).body;
    const [error] = Object.values(entityErrors ?? {});
    if (error) throw refused(error.errorMessages?.join("; ").slice(0, 300) || "the owner cannot be changed");
  }
  if (await isHeldBy(accountId)) return shown(client, true, request, { item: item.id, owner: accountId });
  if (await isHeldBy(item.account)) throw refused("Jira said yes, and the owner is the old one");
  return {
    state: "unreadable",
    why: "Jira accepted the new owner, and shows the dashboard to nobody but its owner: it cannot be told",
  };
}

function refused(reason: string): SystemError {
  return new SystemError({ code: "refused", reason });
}
