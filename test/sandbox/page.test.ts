import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, type TestContext, vi } from "vitest";
import { openChromium } from "../peers/chromium.ts";
import { type FakeBot, planBlocks, startFakeBot } from "../peers/fake-bot.ts";
import { needs } from "../peers/needs.ts";
import { APPROVERS_CHANNEL } from "./company.ts";
import { readManifest } from "./gate/manifest.ts";
import { type Gate, startGate } from "./gate.ts";
import { type PageServer, startPageServer } from "./page-server.ts";
import { type SlackService, startSlack } from "./services/slack.ts";

const SECRET = "a signing secret";
let browser: Browser | undefined;
let context: BrowserContext | undefined;
let slack: SlackService;
let gate: Gate;
let page: PageServer;
let bot: FakeBot;
/** What the browser complained about. */
const complaints: string[] = [];

beforeAll(async () => {
  browser = await openChromium();
});
afterAll(() => browser?.close());

beforeEach(async (test) => {
  needs(test as TestContext, browser !== undefined, "Chromium");
  slack = await startSlack();
  const manifest = await readManifest(new URL("../../manifest/slack/manifest.json", import.meta.url));
  gate = await startGate({ slack, manifest, signingSecret: SECRET, appUrl: () => bot.url });
  bot = await startFakeBot(gate, SECRET);
  page = await startPageServer(gate);
  context = await browser?.newContext({ viewport: { width: 1280, height: 860 } });
  context?.setDefaultTimeout(10_000);
  complaints.length = 0;
});
afterEach(async () => {
  await context?.close();
  await page?.close();
  await bot?.close();
  await gate?.close();
  await slack?.close();
  expect(complaints).toEqual([]);
});

async function open(as: string, place?: string): Promise<Page> {
  if (context === undefined) throw new Error("there is no browser");
  const tab = await context.newPage();
  tab.on("pageerror", (error) => complaints.push(error.message));
  tab.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  await tab.goto(`${page.url}?as=${as}`);
  if (place !== undefined) await tab.getByTestId(`conversation-${place}`).click();
  await tab.getByTestId("composer").waitFor();
  return tab;
}

/** What a person sees of it. */
function seen(place: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: a locator is no node, and hidden text must not count
  return place.innerText();
}

/** The bot posts its plan where the approvers are. */
async function postPlan(): Promise<string> {
  const answer = await fetch(`${gate.apiUrl}chat.postMessage`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${slack.botToken}` },
    body: JSON.stringify({ channel: slack.channels[APPROVERS_CHANNEL], text: "Plan", blocks: planBlocks("Waits") }),
  });
  return String(((await answer.json()) as { ts: unknown }).ts);
}

it("shows everyone their own conversations, and the private ones to their members", async () => {
  const hana = await open("hana", "general");
  await expect.poll(() => hana.getByTestId("message").count()).toBe(4);
  expect(await seen(hana.getByRole("log"))).toContain("山田 花子");
  expect(await hana.getByTestId(`conversation-${APPROVERS_CHANNEL}`).count()).toBe(0);
  const sam = await open("sam");
  expect(await seen(sam.getByRole("heading", { level: 1 }))).toBe(APPROVERS_CHANNEL);
});

it("says at once to one what another writes, and marks what is unread", async () => {
  const [bob, mira] = [await open("bob", "payments"), await open("mira", "general")];
  await bob.getByTestId("composer").fill("see <b>here</b>, @mira: *bold* & `code`");
  await bob.keyboard.press("Enter");
  expect(await bob.getByTestId("composer").inputValue()).toBe("");
  const link = mira.getByTestId("conversation-payments");
  await expect.poll(() => seen(link)).toContain("3");
  await link.click();
  const last = mira.getByTestId("message").last();
  expect(await seen(last)).toContain("see <b>here</b>, @Mira Castellanos: bold & code");
  expect(await seen(last.locator("strong"))).toBe("bold");
  await expect.poll(() => seen(link)).toBe("payments");
  await mira.reload();
  await mira.getByTestId("composer").waitFor();
  expect(await seen(link)).toBe("payments");
});

it("never runs nor follows what someone writes", async () => {
  const bob = await open("bob", "payments");
  await slack.call(
    "chat.postMessage",
    {
      channel: slack.channels["payments"],
      text: "<img src=x onerror=alert(1)> <javascript:alert(1)|press> <https://acme.example|fine>",
    },
    "zoe",
  );
  await bob.reload();
  const last = bob.getByTestId("message").last();
  await last.waitFor();
  expect(await last.locator("img").count()).toBe(0);
  expect(await last.locator("a").evaluateAll((links) => links.map((link) => link.getAttribute("href")))).toEqual([
    "https://acme.example",
  ]);
});

it("completes commands and people by keyboard, and hands the mention over escaped", async () => {
  const hana = await open("hana");
  const field = hana.getByTestId("composer");
  await field.pressSequentially("/off");
  expect(await seen(hana.getByRole("option").first())).toContain("/offboard");
  await hana.keyboard.press("Enter");
  await field.pressSequentially("@ngu");
  await expect.poll(() => hana.getByRole("option").allInnerTexts()).toEqual([expect.stringContaining("Alice Nguyen")]);
  await hana.keyboard.press("Tab");
  expect(await field.inputValue()).toBe("/offboard @alice ");
  await hana.keyboard.press("Enter");
  await hana.getByRole("dialog", { name: "One of each" }).waitFor();
  expect(bot.commands).toEqual([`<@${slack.ids["alice"]}|alice>`]);
});

it("asks with every kind of input, shows what is wrong where it is, and loses nothing", async () => {
  const hana = await open("hana");
  await hana.getByTestId("composer").fill("/offboard @alice");
  await hana.keyboard.press("Enter");
  const dialog = hana.getByRole("dialog", { name: "One of each" });
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect.poll(() => dialog.getByRole("alert").count()).toBe(6);
  await dialog.getByRole("radio", { name: "later" }).check();
  await dialog.getByRole("checkbox", { name: "blue" }).check();
  await dialog.getByLabel("Menu").selectOption("two");
  await dialog.getByRole("group", { name: "Many" }).getByRole("checkbox", { name: "y" }).check();
  await dialog.getByLabel("Person").selectOption({ label: "Bob Lindqvist (@bob)" });
  await dialog.getByLabel("Time").fill("18:30");
  await dialog.getByLabel("Line", { exact: true }).fill("wrong");
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect.poll(() => dialog.getByRole("alert").allInnerTexts()).toEqual(["That is wrong."]);
  await dialog.locator('[data-testid="input-line"] input:focus').waitFor();
  await dialog.getByLabel("Line", { exact: true }).fill("right");
  await dialog.getByLabel("Line", { exact: true }).press("Enter");
  await dialog.waitFor({ state: "detached" });
  const chosen = (value: string) => ({ text: { type: "plain_text", text: value }, value });
  expect(bot.answers).toMatchObject([
    {
      radio: { answer: { type: "radio_buttons", selected_option: chosen("later") } },
      checks: { answer: { selected_options: [chosen("blue")] } },
      menu: { answer: { selected_option: chosen("two") } },
      many: { answer: { selected_options: [chosen("y")] } },
      person: { answer: { selected_user: slack.ids["bob"] } },
      date: { answer: { selected_date: "2026-11-30" } },
      time: { answer: { selected_time: "18:30" } },
      line: { answer: { type: "plain_text_input", value: "right" } },
      lines: { answer: { value: null } },
    },
  ]);
});

it("puts a dialog away with Escape", async () => {
  const hana = await open("hana");
  await hana.getByTestId("composer").fill("/offboard @alice");
  await hana.keyboard.press("Enter");
  await hana.getByTestId("dialog").waitFor();
  await hana.keyboard.press("Escape");
  await hana.getByTestId("dialog").waitFor({ state: "detached" });
});

it("asks before a button that wants it, and changes the message for everyone who sees it", async () => {
  const [sam, ivo] = [await open("sam"), await open("ivo")];
  await postPlan();
  await sam.getByRole("button", { name: "Approve" }).click();
  const sure = sam.getByRole("dialog", { name: "Approve?" });
  await sure.getByRole("button", { name: "No" }).click();
  expect(bot.presses).toEqual([]);
  await sam.getByRole("button", { name: "Approve" }).click();
  await sure.getByRole("button", { name: "Yes" }).click();
  await expect.poll(() => seen(ivo.getByTestId("message").last())).toContain("Approved by @Sam Okafor");
  expect(bot.presses).toEqual(["approve"]);
});

it("shows the reader's own clock, links and lists of a message", async () => {
  await postPlan();
  const read = async (as: string) => {
    const tab = await open(as);
    const last = tab.getByTestId("message").last();
    await last.getByRole("heading", { name: "Plan for Alice" }).waitFor();
    return last;
  };
  const [sam, ivo] = [await read("sam"), await read("ivo")];
  expect(await seen(sam)).toContain("30 Nov 2026 17:00");
  expect(await seen(ivo)).toContain("30 Nov 2026 18:00");
  expect(await sam.getByRole("link", { name: "acme/ledger" }).getAttribute("href")).toBe("https://acme.example/x");
});

it("answers one person only where only that person asked, and tells a choice at once", async () => {
  const [sam, ivo] = [await open("sam"), await open("ivo")];
  await postPlan();
  await sam.getByRole("button", { name: "Why" }).click();
  await sam.getByText("Only visible to you").waitFor();
  expect(await seen(sam.getByTestId("message").last())).toContain("Because she leaves.");
  expect(await ivo.getByText("Because she leaves.").count()).toBe(0);
  await sam.getByLabel("Choose one").selectOption("second");
  await vi.waitFor(() => expect(bot.presses).toEqual(["second"]));
});

it("keeps replies in a thread beside the message", async () => {
  const [sam, ivo] = [await open("sam"), await open("ivo")];
  const ts = await postPlan();
  const message = sam.locator(`[data-testid=message][data-ts="${ts}"]`);
  await message.hover();
  await message.getByRole("button", { name: "Reply in thread" }).click();
  await sam.getByTestId("thread-composer").fill("Looks right to me");
  await sam.keyboard.press("Enter");
  await expect.poll(() => seen(sam.getByTestId("thread"))).toContain("Looks right to me");
  await ivo.getByRole("button", { name: /1 reply/ }).click();
  expect(await ivo.getByTestId("thread").getByRole("article").count()).toBe(2);
  expect(await ivo.getByRole("main").getByText("Looks right to me").count()).toBe(0);
});

it("says in Slack's words when the app does not answer", async () => {
  await bot.close();
  const hana = await open("hana");
  await hana.getByTestId("composer").fill("/offboard @alice");
  await hana.keyboard.press("Enter");
  const said = hana.getByRole("alert");
  expect(await seen(said)).toContain("/offboard failed with the error “dispatch_failed”");
  await said.getByRole("button", { name: "Dismiss" }).click();
  await said.waitFor({ state: "detached" });
  bot = await startFakeBot(gate, SECRET);
});

it("gives its connection back while nobody looks, and has missed nothing when somebody does", async () => {
  const look = (tab: Page, at: "hidden" | "visible") =>
    tab.evaluate(`{
      Object.defineProperty(document, "hidden", { value: ${at === "hidden"}, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }`);
  // A browser keeps at most six connections to a server: the seventh tab has one only if another gave its own back.
  const tabs: Page[] = [];
  for (let number = 1; number <= 6; number++) {
    const tab = await open("mira", "general");
    await look(tab, "hidden");
    tabs.push(tab);
  }
  const bob = await open("bob", "general");
  await bob.getByTestId("composer").fill("said while you were away");
  await bob.keyboard.press("Enter");
  await bob.getByText("said while you were away").waitFor();
  const [first] = tabs;
  if (first === undefined) throw new Error("there is no tab");
  expect(await first.getByText("said while you were away").count()).toBe(0);
  await look(first, "visible");
  await first.getByText("said while you were away").waitFor();
});

it("becomes someone else from the menu, also in another tab, by keyboard", async () => {
  const hana = await open("hana");
  await hana.getByTestId("user-menu").focus();
  await hana.keyboard.press("Enter");
  await hana.keyboard.press("ArrowDown");
  await hana.keyboard.press("Enter");
  await expect.poll(() => seen(hana.getByTestId("user-menu"))).toContain("Sam Okafor");
  expect(new URL(hana.url()).searchParams.get("as")).toBe("sam");
  await hana.goBack();
  await expect.poll(() => seen(hana.getByTestId("user-menu"))).toContain("Hana Park");
});

it("starts a direct message with someone, who finds it unread", async () => {
  const bob = await open("bob");
  await bob.getByRole("button", { name: "New direct message" }).click();
  await bob.getByRole("button", { name: "Zoë Müßig" }).click();
  await bob.getByRole("heading", { level: 1, name: "Zoë Müßig" }).waitFor();
  await bob.getByTestId("composer").fill("Grüß dich");
  await bob.keyboard.press("Enter");
  await bob.getByTestId("message").waitFor();
  const zoe = await open("zoe");
  expect(await seen(zoe.getByTestId("conversation-bob"))).toContain("1");
});

it("keeps what it is told about light and dark", async () => {
  const hana = await open("hana");
  const ground = () => hana.evaluate<string>("getComputedStyle(document.body).backgroundColor");
  const light = await ground();
  await hana.getByRole("button", { name: "Switch to dark colours" }).click();
  await expect.poll(ground).not.toBe(light);
  await hana.reload();
  await hana.getByRole("button", { name: "Switch to light colours" }).waitFor();
  expect(await ground()).not.toBe(light);
});

it("fits a narrow window, with the conversations behind a button", async () => {
  const sam = await open("sam");
  await postPlan();
  await sam.setViewportSize({ width: 360, height: 700 });
  await sam.getByRole("button", { name: "Approve" }).waitFor();
  const wider = () =>
    sam.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
  expect(await wider()).toBe(0);
  await sam.getByRole("button", { name: "Conversations" }).click();
  await sam.getByTestId("conversation-general").click();
  await sam.getByRole("heading", { level: 1, name: "general" }).waitFor();
});
