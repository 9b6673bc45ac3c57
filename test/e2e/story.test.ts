import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import postgres from "postgres";
import { expect, it, type TestContext } from "vitest";
import { needs } from "../peers/needs.ts";
import { jiraIdOf } from "../sandbox/company.ts";
import { JIRA_SITE } from "../sandbox/company-jira.ts";
import { accessOf, allAccess, noAccess } from "./access.ts";
import { approvedSteps, askedFor } from "./expected.ts";
import {
  APP,
  APPROVALS,
  acceptWork,
  approve,
  caseCard,
  command,
  doByHand,
  nameAccount,
  openCase,
  type Play,
  passOn,
  playForAll,
  reviewPlan,
  seen,
  summary,
} from "./play.ts";
import { waitUntil } from "./wait.ts";

const CAROL = { handle: "carol", name: "Carol Mensah" };
const MIRA = { handle: "mira", name: "Mira Castellanos" };

const find = playForAll();

it("takes Alice's access away with five people on the chat page, and the log proves it", {
  timeout: 240_000,
}, async (test) => {
  const play = find();
  needs(test as TestContext, play !== undefined, "Chromium");
  if (!play) return;
  const { box } = play;
  const before = await accessOf(box);
  expect(before).toEqual(allAccess(box));

  await openCase(play);
  const sam = await play.as("sam", APPROVALS);
  const card = caseCard(sam);
  await card.getByRole("button", { name: "Approve", exact: true }).waitFor();
  // Jira shows nobody's address that its owner hides: somebody has to say which account is hers.
  await nameAccount(play, "sam", `Jira ${JIRA_SITE}`, jiraIdOf("alice"));
  // The first plan has a gap there, the second one does not.
  await waitUntil(async () => (await seen(card)).includes("Plan 2: "));
  await play.picture(sam, "03-sam-sees-the-plan");
  expect(await seen(card)).toContain("What cannot be seen");
  // The message has each system in numbers, and the dialog names each grant.
  const plan = await reviewPlan(play, "sam");
  for (const named of [
    "acme/ledger",
    "acme/payments",
    "role developers",
    "table public.customers in app",
    "Help desk admins",
    "PAY Payments as Administrators",
    "Laptop and badge",
    ...(box.hosts ? ["root on db1.acme.example"] : []),
    ...(box.directory ? ["backup-operators"] : []),
  ]) {
    expect(plan).toContain(named);
  }

  await approve(play, "sam");
  expect(await accessOf(box)).toEqual(before);
  await approve(play, "ivo");
  await waitUntil(async () => isDeepStrictEqual(await accessOf(box), noAccess(box)), 90_000, 2000);
  await play.picture(sam, "04-sam-sees-the-progress");

  await play.picture(await play.as("bob", APP), "05-bob-is-asked");
  const retry = "Retry settlement uploads";
  // Eight at a time are shown: the rest come up as these are answered.
  await acceptWork(play, "bob", 10);
  // Bob cannot review his own pull request, so somebody else is asked, and knows a better one.
  const asked = await askedFor(box, retry);
  expect(asked).not.toBe("bob");
  const taker = asked === "carol" ? MIRA : CAROL;
  await passOn(play, asked, retry, `${taker.name} (@${taker.handle})`);
  await acceptWork(play, taker.handle, 1);
  await doByHand(play);

  const said = await seen(await summary(play, "sam"));
  await play.picture(await play.as("sam", APPROVALS), "07-the-summary");
  expect(said).toMatch(new RegExp(`Proven gone\\s+${await approvedSteps(box)}\\b`));
  expect(said).toContain("Put refunds behind a flag: moved to Bob Lindqvist");
  expect(said).toContain(`Retry settlement uploads: moved to ${taker.name}`);
  expect(said).toContain("Attested by a person");
  const pull = await box.github.look("/repos/acme/ledger/pulls/3");
  expect(pull).toMatchObject({ title: "Put refunds behind a flag", assignees: [{ login: "bob-lindqvist" }] });
  expect(await ownerOfPayments(play)).toBe("bob");
  expect(ticketsOf(play)).toEqual({ [jiraIdOf("alice")]: 1, [jiraIdOf("bob")]: 3 });
  expect(play.box.jira.state.projects.find(({ key }) => key === "PAY")?.lead).toBe(jiraIdOf("bob"));

  const mirror = await play.as("hana", APP);
  await mirror.getByText("Your case: Alice Nguyen").waitFor();
  await play.picture(mirror, "08-hana-follows");

  const noor = await play.as("noor", "general");
  await command(noor, "/audit @alice");
  await noor
    .getByText("case.closed")
    .first()
    .or(noor.getByText(/closed/i).first())
    .waitFor();
  await play.picture(noor, "09-noor-reads-the-history");

  // What the thread holds is enough to check the log with: the key's fingerprint and the copy of its checkpoint.
  // The log's key stands last: SSH keys that nobody owns have fingerprints too.
  const fingerprint = said.match(/SHA256:[A-Za-z0-9+/=]+/g)?.at(-1) ?? "";
  const copy = join(box.folder, "copy-of-the-thread.txt");
  await writeFile(copy, said);
  expect(await box.signoff("audit", "verify", "--key", fingerprint, "--checkpoint", copy)).toMatch(/verif|holds|good/i);
  expect(play.complaints).toEqual([]);
});

/** How many tickets each assignee has; what is done stays with who did it. */
function ticketsOf({ box }: Play): Record<string, number> {
  const byAssignee = Map.groupBy(box.jira.state.issues, ({ assignee = "nobody" }) => assignee);
  return Object.fromEntries([...byAssignee].map(([assignee, issues]) => [assignee, issues.length]));
}

async function ownerOfPayments({ box }: Play): Promise<string> {
  const url = new URL(box.target.superUrl);
  url.pathname = "/app";
  const admin = postgres(url.href, { max: 1 });
  try {
    const [table] = await admin`select tableowner from pg_tables where tablename = 'payments'`;
    return String(table?.["tableowner"]);
  } finally {
    await admin.end();
  }
}
