import { createHash } from "node:crypto";
import { z } from "zod";
import { type Call, defineConnector, type System, secretField, type Tools } from "../connector.ts";
import { findAccounts, systemId } from "./accounts.ts";
import { checkCredential } from "./check.ts";
import { type Options, openClient } from "./client.ts";
import { CLOSABLE, close } from "./close.ts";
import { listGrants } from "./grants.ts";
import { findInvited } from "./invitations.ts";
import { mayTake } from "./may-take.ts";
import { readBack } from "./read-back.ts";
import { reassign } from "./reassign.ts";
import { restore } from "./restore.ts";
import { revoke } from "./revoke.ts";
import { SIGHT } from "./sight.ts";
import { suggestOwners } from "./suggest.ts";
import { listWork } from "./work.ts";

/** A GitHub organization on github.com, on a tenant with data residency, or on Enterprise Server (then with `apiUrl`). */
export const github = defineConnector({
  kind: "github",
  options: z.object({
    org: z
      .string()
      .regex(/^[a-z\d][a-z\d-]{0,99}$/i, "is not the name of an organization, such as acme")
      .meta({ env: "GITHUB_ORG", about: "The organization's name as in its address, such as acme" }),
    token: secretField("GITHUB_TOKEN", "A token of an owner of the organization, with admin:org and repo"),
    apiUrl: z
      .url({ protocol: /^https?$/, error: "is not an address, such as https://github.example.com/api/v3" })
      .transform((url) => url.replace(/\/+$/, ""))
      .default("https://api.github.com")
      .meta({
        env: "GITHUB_API_URL",
        about: "Only for Enterprise Server or data residency: the address of its REST API",
      }),
  }),
  connect,
});

/**
 * GitHub counts by the token's account, whatever organization is asked: 900 points a minute, a read costs one and a change
 * five, which a revoke and its reading back use some six of each. Of the token only a hash is kept, of a random text.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
function whoseLimit({ apiUrl, token }: Options): string {
  return `${apiUrl}#${createHash("sha256").update(token.reveal()).digest("hex").slice(0, 16)}`;
}

function connect(options: Options, tools: Tools): System {
  const open = (call: Call) => openClient(options, tools, call);
  return {
    id: systemId(options.org),
    title: `GitHub ${options.org}`,
    connector: "github/1",
    limit: { concurrent: 4, perMinute: 150, of: whoseLimit(options) },
    sight: SIGHT,
    check: (call) => checkCredential(open(call)),
    findAccounts: async (person, call) => {
      const client = open(call);
      return [...(await findAccounts(client, person)), ...(await findInvited(client, person))];
    },
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
