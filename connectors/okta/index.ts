import { z } from "zod";
import { type Call, defineConnector, type System, secretField, type Tools } from "../connector.ts";
import { checkCredential, findAccounts, systemId } from "./accounts.ts";
import { type Options, openClient } from "./client.ts";
import { readEvents } from "./events.ts";
import { listGrants, SIGHT } from "./grants.ts";
import { listMembers, listPeople } from "./people.ts";
import { readBack } from "./read-back.ts";
import { restore } from "./restore.ts";
import { revoke } from "./revoke.ts";

/** One Okta organization. */
export const okta = defineConnector({
  kind: "okta",
  options: z.object({
    domain: z
      .string()
      .regex(/^[a-z\d](?:[a-z\d-]*\.)+[a-z]{2,}$/i, "is not a host name, such as acme.okta.com")
      .meta({ env: "OKTA_DOMAIN", about: "The organization's host name, such as acme.okta.com" }),
    token: secretField("OKTA_TOKEN", "An API token of a super administrator"),
    apiUrl: z
      .url({ protocol: /^https?$/, error: "is not an address, such as https://okta-proxy.example.com" })
      .transform((url) => url.replace(/\/+$/, ""))
      .optional()
      .meta({ env: "OKTA_API_URL", about: "Only behind a proxy of your own: where Okta is reached instead" }),
  }),
  connect,
});

function connect(options: Options, tools: Tools): System {
  const open = (call: Call) => openClient(options, tools, call);
  return {
    id: systemId(options.domain),
    title: `Okta ${options.domain}`,
    connector: "okta/1",
    // An API token has half of an endpoint's limit, 300 requests a minute at most of them; one call makes some four of them.
    limit: { concurrent: 5, perMinute: 75 },
    sight: SIGHT,
    check: (call) => checkCredential(open(call)),
    findAccounts: (person, call) => findAccounts(open(call), person),
    listGrants: (account, call) => listGrants(open(call), account),
    revoke: (grant, call) => revoke(open(call), grant),
    readBack: (grant, call) => readBack(open(call), grant),
    restore: (grant, call) => restore(open(call), grant),
    events: {
      by: (account, since, call) => readEvents(open(call), account, "actor.id", since),
      about: (account, since, call) => readEvents(open(call), account, "target.id", since),
    },
    directory: {
      listPeople: (call) => listPeople(open(call)),
      listMembers: (group, call) => listMembers(open(call), group),
    },
  };
}
