import { join } from "node:path";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it, type TestContext } from "vitest";
import { openChromium } from "../peers/chromium.ts";
import { needs } from "../peers/needs.ts";
import { type LargeCompany, startLargeCompany } from "./large-company.ts";
import { waitUntil } from "./wait.ts";

const APP = "signoff";
const APPROVALS = "offboarding-approvals";

let browser: Browser | undefined;
let company: LargeCompany | undefined;
const contexts: BrowserContext[] = [];
const complaints: string[] = [];
const tabs = new Map<string, Page>();

beforeAll(async () => {
  browser = await openChromium();
  if (browser) company = await startLargeCompany();
}, 120_000);
afterAll(async () => {
  for (const context of contexts) await context.close();
  await company?.stop();
  await browser?.close();
});

it("takes a leaver with 500 grants in 12 systems and 180 pull requests through review, an exception, heirs and approval to the cut", {
  timeout: 600_000,
}, async (test) => {
  needs(test as TestContext, company !== undefined, "Chromium");
  if (!company) return;
  expect(company.left()).toBe(500);
  expect(company.pulls()).toEqual({ alice: 180 });

  const hana = await as("hana", APP);
  await type(hana, "/offboard @alice");
  const opening = hana.getByRole("dialog");
  await opening.getByTestId("input-when").getByRole("radio", { name: "Now" }).check();
  await opening.getByTestId("input-announced").getByRole("checkbox").check();
  await opening.getByTestId("input-reason").getByRole("combobox").selectOption("resignation");
  await opening.getByRole("button", { name: "Open case" }).click();
  await opening.waitFor({ state: "hidden" });

  // Review: every system in numbers, each grant on a page, what breaks with an heir, one grant kept.
  const sam = await as("sam", APPROVALS);
  const ivo = await as("ivo", APPROVALS);
  const card = (tab: Page) =>
    tab.getByRole("log").first().getByTestId("message").filter({ hasText: "Offboarding Alice Nguyen" }).last();
  await card(sam).getByRole("button", { name: "Approve", exact: true }).waitFor({ timeout: 90_000 });
  expect(await seen(card(sam))).toMatch(/Payments cluster: 42 grants · \d+ privileged/);
  await picture("01-plan", sam);
  await card(sam).getByRole("button", { name: "Review each grant" }).click();
  const dialog = sam.getByRole("dialog");
  await dialog.getByText("Page 1 of 60").waitFor();
  await picture("02-review", sam);
  await dialog.getByTestId("input-keep").getByRole("checkbox").nth(1).check();
  await dialog.getByRole("button", { name: "Next page" }).click();
  await dialog.getByText("Page 2 of 60").waitFor();
  await dialog.getByText("1 grant chosen on other pages").waitFor();
  await dialog.getByRole("button", { name: "Okta (41)" }).click();
  await dialog.getByText("Okta: 1 to 10 of 41 grants").waitFor();
  await dialog.getByRole("button", { name: "Keep what is chosen" }).click();
  await dialog.getByTestId("input-owner").getByRole("combobox").selectOption({ label: "Mira Castellanos (@mira)" });
  await dialog.getByTestId("input-until").locator("input").fill(inAMonth());
  await dialog.getByTestId("input-note").getByRole("textbox").fill("The on-call rotation needs it");
  await picture("03-keep", sam);
  await dialog.getByRole("button", { name: "Ask for it" }).click();
  await dialog.waitFor({ state: "hidden" });
  await card(ivo).getByText("Asked to be kept").waitFor();
  await picture("04-asked-to-be-kept", ivo);
  await press(card(ivo).getByRole("button", { name: "Keep 1 grant" }), ivo);
  await card(ivo).getByText("Plan 2").waitFor();
  await card(ivo).getByText("Kept by exception").waitFor();

  await card(sam)
    .getByRole("button", { name: /Decide what breaks/ })
    .click();
  await dialog.getByTestId("input-heir").getByRole("combobox").selectOption({ label: "Bob Lindqvist (@bob)" });
  await dialog.getByTestId("input-let").getByRole("checkbox").nth(1).check();
  await picture("05-what-breaks", sam);
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });
  await card(sam).getByText("takes it over").waitFor();

  // Approval by two, then each system's progress in numbers.
  await press(card(sam).getByRole("button", { name: "Approve", exact: true }), sam);
  await card(sam)
    .getByText(/Sam Okafor.*approved/)
    .first()
    .waitFor();
  await press(card(ivo).getByRole("button", { name: "Approve", exact: true }), ivo);
  const shows = (words: RegExp) =>
    waitUntil(async () => words.test(await seen(card(sam))), 240_000).catch(async (cause: unknown) => {
      throw new Error(`${words} did not show: ${await seen(card(sam))} ${company?.logged.slice(-5).join("\n")}`, {
        cause,
      });
    });
  await shows(/ gone, \d+ under way/);
  await picture("06-progress", sam);
  expect(complaints).toEqual([]);
  expect(company.logged.filter((line) => /too long|invalid_blocks|invalid_arguments|too_large/.test(line))).toEqual([]);
});

/** A person's tab, at a conversation. */
async function as(who: string, place: string): Promise<Page> {
  let tab = tabs.get(who);
  if (!tab) {
    if (!browser) throw new Error("there is no browser");
    const context = await browser.newContext({ viewport: { width: 1280, height: 960 } });
    contexts.push(context);
    context.setDefaultTimeout(40_000);
    tab = await context.newPage();
    tab.on("pageerror", (error) => complaints.push(error.message));
    await tab.goto(`${company?.url}?as=${who}`);
    tabs.set(who, tab);
  }
  await tab.getByTestId(`conversation-${place}`).click();
  await tab.getByTestId("composer").waitFor();
  return tab;
}

/** Light and dark, if pictures are wanted (`SIGNOFF_TEST_PICTURES` names a folder). */
async function picture(name: string, tab: Page): Promise<void> {
  const folder = process.env["SIGNOFF_TEST_PICTURES"];
  if (folder === undefined) return;
  const size = tab.viewportSize();
  await tab.setViewportSize({ width: 1280, height: 1700 });
  for (const colorScheme of ["light", "dark"] as const) {
    await tab.emulateMedia({ colorScheme });
    await tab.screenshot({ path: join(folder, `large-${name}-${colorScheme}.png`) });
  }
  await tab.emulateMedia({ colorScheme: "light" });
  if (size) await tab.setViewportSize(size);
}

async function type(tab: Page, text: string): Promise<void> {
  await tab.getByTestId("composer").fill(text);
  await tab.keyboard.press("Enter");
}

async function press(button: Locator, tab: Page): Promise<void> {
  await button.first().click();
  const confirm = tab.getByTestId("confirm");
  if (await confirm.isVisible()) await confirm.getByRole("button").last().click();
}

/** What a person sees of it. */
function seen(place: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: a locator is no node, and hidden text must not count
  return place.innerText();
}

function inAMonth(): string {
  return new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
}
