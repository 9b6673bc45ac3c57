import { join } from "node:path";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { openChromium } from "../peers/chromium.ts";
import { type Sandbox, startSandbox } from "../sandbox/sandbox.ts";
import { waitUntil } from "./wait.ts";

/** The conversation with the app itself, and the approvers' channel. */
export const APP = "signoff";
export const APPROVALS = "offboarding-approvals";

/** The sandbox with people in front of it, each in a tab of their own. */
export interface Play {
  readonly box: Sandbox;
  /** What the browser complained about. */
  readonly complaints: readonly string[];
  /** A person's tab, at a conversation. */
  as(who: string, place: string): Promise<Page>;
  /** Takes a picture, if pictures are wanted (`SIGNOFF_TEST_PICTURES` names a folder). */
  picture(tab: Page, name: string): Promise<void>;
  stop(): Promise<void>;
}

/** A play for all tests of a file; none where there is no Chromium. */
export function playForAll(): () => Play | undefined {
  let browser: Browser | undefined;
  let play: Play | undefined;
  beforeAll(async () => {
    browser = await openChromium();
    if (browser) play = await startPlay(browser, process.env["SIGNOFF_TEST_PICTURES"]);
  });
  afterAll(async () => {
    await play?.stop();
    await browser?.close();
  });
  return () => play;
}

async function startPlay(browser: Browser, pictures: string | undefined): Promise<Play> {
  const box = await startSandbox({ say: () => {}, restarts: false, env: process.env });
  const contexts: BrowserContext[] = [];
  const complaints: string[] = [];
  const tabs = new Map<string, Page>();
  return {
    box,
    complaints,
    async as(who, place) {
      let tab = tabs.get(who);
      if (!tab) {
        // A browser of their own: one keeps at most six connections to a server, and each tab listens on one.
        const context = await browser.newContext({ viewport: { width: 1280, height: 960 } });
        contexts.push(context);
        context.setDefaultTimeout(30_000);
        tab = await context.newPage();
        tab.on("pageerror", (error) => complaints.push(error.message));
        await tab.goto(`${box.url}?as=${who}`);
        tabs.set(who, tab);
      }
      await tab.getByTestId(`conversation-${place}`).click();
      await tab.getByTestId("composer").waitFor();
      return tab;
    },
    async picture(tab, name) {
      if (pictures === undefined) return;
      const size = tab.viewportSize();
      await tab.setViewportSize({ width: 1280, height: 1900 });
      await tab.screenshot({ path: join(pictures, `${name}.png`) });
      if (size) await tab.setViewportSize(size);
    },
    async stop() {
      for (const context of contexts) await context.close();
      await box.stop();
    },
  };
}

/** HR opens the case: now, announced, Bob takes over. */
export async function openCase(play: Play): Promise<void> {
  const hana = await play.as("hana", APP);
  await command(hana, "/offboard @alice");
  const dialog = hana.getByRole("dialog");
  await dialog.waitFor();
  await dialog.getByTestId("input-when").getByRole("radio", { name: "Now" }).check();
  await dialog.getByTestId("input-announced").getByRole("checkbox").check();
  await dialog.getByTestId("input-heir").getByRole("combobox").selectOption({ label: "Bob Lindqvist (@bob)" });
  await dialog.getByTestId("input-reason").getByRole("combobox").selectOption("resignation");
  await play.picture(hana, "01-hana-opens");
  await dialog.getByRole("button", { name: "Open case" }).click();
  await dialog.waitFor({ state: "hidden" });
}

/** An approver names Alice's account in the system that asks for it, and confirms what was found there. */
export async function nameAccount(play: Play, who: string, system: string, account: string): Promise<void> {
  const tab = await play.as(who, APPROVALS);
  await press(caseCard(tab).getByRole("button", { name: `Name account: ${system}` }), tab);
  const dialog = tab.getByRole("dialog");
  await dialog.waitFor();
  await dialog.getByRole("textbox").fill(account);
  await dialog.getByRole("button").last().click();
  await dialog.waitFor({ state: "hidden" });
  // What a dialog finds is said in a direct message.
  await play.as(who, APP);
  const confirm = tab.getByRole("log").getByRole("button", { name: "Confirm", exact: true });
  await confirm.waitFor();
  await play.picture(tab, "02-sam-names-the-account");
  await confirm.click();
  await play.as(who, APPROVALS);
}

/** An approver turns every page of the plan. @returns all that stands there */
export async function reviewPlan(play: Play, who: string): Promise<string> {
  const tab = await play.as(who, APPROVALS);
  await press(caseCard(tab).getByRole("button", { name: "Review each grant" }), tab);
  const dialog = tab.getByRole("dialog");
  const next = dialog.getByRole("button", { name: "Next page" });
  let all = "";
  for (let page = 1; ; page += 1) {
    await dialog.getByText(new RegExp(`Page ${page} of \\d+`)).waitFor();
    all += await seen(dialog);
    if (page === 2) await play.picture(tab, "03-sam-reviews-each-grant");
    if ((await next.count()) === 0) break;
    await next.click();
  }
  await dialog
    .getByRole("button", { name: /Close|Cancel/ })
    .first()
    .click();
  await dialog.waitFor({ state: "hidden" });
  return all;
}

/** An approver approves the plan that is shown; pressed again if it changed in that moment. */
export async function approve(play: Play, who: string): Promise<void> {
  const tab = await play.as(who, APPROVALS);
  const card = caseCard(tab);
  await press(card.getByRole("button", { name: "Approve", exact: true }), tab);
  await card
    .getByText(new RegExp(`${NAMES[who]}.*approved|Approved`))
    .first()
    .waitFor();
}

/** IT does by hand what no connector can. */
export async function doByHand(play: Play): Promise<void> {
  const ivo = await play.as("ivo", APPROVALS);
  await caseCard(ivo).getByTestId("replies").click();
  const thread = ivo.getByTestId("thread");
  await press(thread.getByRole("button", { name: "Done by hand" }), ivo);
  const dialog = ivo.getByRole("dialog");
  await dialog.waitFor();
  await dialog.getByRole("textbox").fill("Laptop 4711 and badge are back in the cupboard");
  await play.picture(ivo, "06-ivo-attests");
  await dialog.getByRole("button").last().click();
  await dialog.waitFor({ state: "hidden" });
  await thread
    .getByText(/attested/i)
    .first()
    .waitFor();
}

/** Somebody hands a piece of work on to a colleague. It stands on the first page of what they are asked. */
export async function passOn(play: Play, who: string, title: string, to: string): Promise<void> {
  const tab = await play.as(who, APP);
  const suggest = tab.getByRole("log").getByRole("button", { name: `Suggest someone: ${title}` });
  await press(suggest, tab);
  const dialog = tab.getByRole("dialog");
  await dialog.waitFor();
  await dialog.getByRole("combobox").selectOption({ label: to });
  await dialog.getByRole("button").last().click();
  await dialog.waitFor({ state: "hidden" });
  await waitUntil(async () => (await suggest.count()) === 0);
}

/** Somebody takes so many pieces of the work that they are asked to take. */
export async function acceptWork(play: Play, who: string, pieces: number): Promise<void> {
  const tab = await play.as(who, APP);
  const asked = tab.getByRole("log").getByRole("button", { name: /^Accept: / });
  for (let left = pieces; left > 0; left--) {
    await asked.first().waitFor();
    const name = (await asked.first().getAttribute("aria-label")) ?? "";
    const button = tab.getByRole("log").getByRole("button", { name, exact: true });
    await press(button, tab);
    await waitUntil(async () => (await button.count()) === 0);
  }
}

/** The summary in the case's thread. */
export async function summary(play: Play, who: string): Promise<Locator> {
  const tab = await play.as(who, APPROVALS);
  if (!(await tab.getByTestId("thread").isVisible())) await caseCard(tab).getByTestId("replies").click();
  const said = tab.getByTestId("thread").getByTestId("message").filter({ hasText: "Summary: Alice Nguyen" }).last();
  await said.waitFor({ timeout: 60_000 });
  return said;
}

/** The approvers' message of the case. */
export function caseCard(tab: Page): Locator {
  return tab.getByRole("log").first().getByTestId("message").filter({ hasText: "Offboarding Alice Nguyen" }).last();
}

/** Types a command and sends it. */
export async function command(tab: Page, text: string): Promise<void> {
  await tab.getByTestId("composer").fill(text);
  await tab.keyboard.press("Enter");
}

const NAMES: Readonly<Record<string, string>> = { sam: "Sam Okafor", ivo: "Ivo Petrović" };

/** Presses a button, and says yes where that is asked. */
async function press(button: Locator, tab: Page): Promise<void> {
  await button.first().click();
  const confirm = tab.getByTestId("confirm");
  if (await confirm.isVisible()) await confirm.getByRole("button").last().click();
}

/** What a person sees of it. */
export function seen(place: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: a locator is no node, and hidden text must not count
  return place.innerText();
}
