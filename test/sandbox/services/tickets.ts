import { randomBytes } from "node:crypto";
import { JIRA_SITE, jiraSeed } from "../company-jira.ts";
import { type JiraService, startJira } from "./jira.ts";

/** Acme's Jira, and what the app must be told of it. */
export interface CompanyTickets extends JiraService {
  readonly variables: Readonly<Record<string, string>>;
}

/** Starts Acme's Jira with its people, projects and tickets. */
export async function startCompanyTickets(): Promise<CompanyTickets> {
  const token = `ATATT${randomBytes(18).toString("hex")}`;
  const orgKey = `ATCTT${randomBytes(18).toString("hex")}`;
  const seed = jiraSeed({ token, orgKey });
  const service = await startJira({ seed, described: false });
  return Object.assign(service, {
    variables: {
      JIRA_SITE,
      JIRA_EMAIL: seed.email,
      JIRA_TOKEN: token,
      JIRA_ORG_ID: service.orgId,
      JIRA_ORG_KEY: orgKey,
      JIRA_API_URL: service.url,
      JIRA_ORG_API_URL: service.orgUrl,
    },
  });
}
