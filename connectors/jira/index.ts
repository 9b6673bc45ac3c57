import { z } from "zod";
import { type Call, defineConnector, Secret, type System, secretField, type Tools } from "../connector.ts";
import { findAccounts, systemId } from "./accounts.ts";
import { checkCredential } from "./check.ts";
import { loadJira, type Options, openClient } from "./client.ts";
import { CLOSABLE, close } from "./close.ts";
import { listGrants, sightOf } from "./grants.ts";
import { mayTake } from "./may-take.ts";
import { readBack } from "./read-back.ts";
import { reassign } from "./reassign.ts";
import { restore } from "./restore.ts";
import { revoke } from "./revoke.ts";
import { suggestOwners } from "./suggest.ts";
import { listWork } from "./work.ts";

const address = (example: string) =>
  z
    .url({ protocol: /^https?$/, error: `is not an address, such as ${example}` })
    .transform((url) => url.replace(/\/+$/, ""))
    .optional();

/** One Jira Cloud site, and the Atlassian organization above it where its key is given. */
export const jira = defineConnector({
  kind: "jira",
  options: z
    .object({
      site: z
        .string()
        .regex(/^[a-z\d](?:[a-z\d-]*\.)+[a-z]{2,}$/i, "is not a host name, such as acme.atlassian.net")
        .meta({ env: "JIRA_SITE", about: "The site's host name, such as acme.atlassian.net" }),
      email: z
        .email({ error: "is not an e-mail address" })
        .meta({ env: "JIRA_EMAIL", about: "E-mail of the account that the API token belongs to" }),
      token: secretField("JIRA_TOKEN", "An API token of a site administrator who belongs to nobody in particular"),
      orgId: z
        .string()
        .regex(/^[\w-]{1,64}$/, "is not the id of an organization")
        .optional()
        .meta({
          env: "JIRA_ORG_ID",
          about: "Only with JIRA_ORG_KEY: the organization's id, as in admin.atlassian.com/o/…",
        }),
      orgKey: z
        .string()
        .min(1)
        .transform((value) => new Secret(value))
        .optional()
        .meta({
          env: "JIRA_ORG_KEY",
          about: "An API key of the organization, made without scopes: suspends accounts and sees API tokens",
          secret: true,
        }),
      apiUrl: address("https://api.atlassian.com/ex/jira/CLOUD-ID").meta({
        env: "JIRA_API_URL",
        about: "Only for API tokens with scopes, or behind a proxy of your own: where Jira is reached instead",
      }),
      orgApiUrl: address("https://api.atlassian.com").meta({
        env: "JIRA_ORG_API_URL",
        about: "Only behind a proxy of your own: where the organization's APIs are reached instead",
      }),
    })
    .refine(({ orgId, orgKey }) => (orgId === undefined) === (orgKey === undefined), {
      path: ["orgId"],
      error: "goes together with JIRA_ORG_KEY: set both or neither",
    }),
  connect,
});

/** When an app that goes on running loads jira.js, in milliseconds: a command that is over by then never does. */
const LOAD_AFTER = 1500;

function connect(options: Options, tools: Tools): System {
  // Loading holds everything up for a second, so it is done while nobody waits for an answer rather than at a click.
  setTimeout(() => void loadJira().catch(() => {}), LOAD_AFTER).unref();
  const open = (call: Call) => openClient(options, tools, call);
  return {
    id: systemId(options.site),
    title: `Jira ${options.site}`,
    connector: "jira/1",
    // Bursts are counted by endpoint, and Atlassian names no number: few at once, each of which makes few requests at once.
    limit: { concurrent: 4 },
    sight: sightOf(options.orgKey !== undefined),
    check: (call) => checkCredential(open(call)),
    findAccounts: (person, call) => findAccounts(open(call), person),
    listGrants: (account, call) => listGrants(open(call), account),
    revoke: (grant, call) => revoke(open(call), grant),
    readBack: (grant, call) => readBack(open(call), grant),
    restore: (grant, call) => restore(open(call), grant),
    work: {
      list: (account, call) => listWork(open(call), account),
      suggestOwners: (item, call) => suggestOwners(open(call), item),
      reassign: (item, to, call) => reassign(open(call), item, to),
      mayTake: (item, to, call) => mayTake(open(call), item, to),
      moveOn: (item, from, to, call) => reassign(open(call), { ...item, account: from.id }, to),
      close: { kinds: CLOSABLE, end: (item, call) => close(open(call), item) },
    },
  };
}
