import { randomBytes } from "node:crypto";
import { type OktaPeer, startOkta } from "../../peers/okta.ts";
import { OKTA_DOMAIN, oktaSeed } from "../company-okta.ts";

/** Acme's Okta, and what the app must be told of it. */
export interface CompanyOkta extends OktaPeer {
  readonly variables: Readonly<Record<string, string>>;
}

/** Starts Acme's Okta, with everybody in it. */
export async function startCompanyOkta(): Promise<CompanyOkta> {
  const token = `00${randomBytes(20).toString("hex")}`;
  const peer = await startOkta({ seed: oktaSeed(token), described: false });
  return Object.assign(peer, {
    variables: { OKTA_DOMAIN, OKTA_TOKEN: token, OKTA_API_URL: peer.url },
  });
}
