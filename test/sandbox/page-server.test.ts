import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { APPROVERS_CHANNEL } from "./company.ts";
import { readManifest } from "./gate/manifest.ts";
import { type Gate, startGate } from "./gate.ts";
import { type PageServer, startPageServer } from "./page-server.ts";
import { type SlackService, startSlack } from "./services/slack.ts";

let slack: SlackService;
let gate: Gate;
let page: PageServer;
beforeAll(async () => {
  slack = await startSlack();
  const manifest = await readManifest(new URL("../../manifest/slack/manifest.json", import.meta.url));
  gate = await startGate({ slack, manifest, signingSecret: "s", appUrl: () => "http://127.0.0.1:9/" });
  page = await startPageServer(gate);
});
afterAll(async () => {
  await page?.close();
  await gate?.close();
  await slack?.close();
});

/** A request with any header, Host among them. */
function ask(
  path: string,
  headers: Record<string, string> = {},
  body?: unknown,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const asking = request(
      new URL(path, page.url),
      { method: body === undefined ? "GET" : "POST", headers },
      (answer) => {
        let text = "";
        answer.on("data", (chunk: Buffer) => {
          text += chunk.toString("utf8");
        });
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      },
    );
    asking.on("error", reject);
    asking.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const OWN = { "content-type": "application/json", "x-acme-chat": "1" };
const say = (channel: string | undefined) => ({ kind: "say", channel, text: "hi" });

describe("the page's server", () => {
  it("listens on loopback alone", () => {
    expect(new URL(page.url).hostname).toBe("127.0.0.1");
  });

  it("answers to its own name only, so that no other name can be pointed at it", async () => {
    expect((await ask("/")).status).toBe(200);
    expect((await ask("/", { host: "evil.example" })).status).toBe(403);
    expect((await ask("/api/state?as=sam", { host: `evil.example:${new URL(page.url).port}` })).status).toBe(403);
  });

  it("does nothing for another site: not by its script, not by its form", async () => {
    const body = say(slack.channels["general"]);
    const post = (headers: Record<string, string>) => ask("/api/act?as=hana", headers, body);
    expect((await post({ ...OWN, origin: "https://evil.example" })).status).toBe(403);
    expect((await post({ ...OWN, "content-type": "text/plain" })).status).toBe(403);
    expect((await post({ "content-type": "application/json" })).status).toBe(403);
    expect((await ask("/api/state?as=sam", { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await post({ ...OWN, origin: new URL(page.url).origin })).status).toBe(200);
  });

  it("acts for the invented people and for nobody else", async () => {
    for (const who of ["", "nobody", "signoff", "U0BUILDBOT", "admin", "U000000001"]) {
      expect((await ask(`/api/state?as=${who}`)).status).toBe(404);
    }
    expect((await ask(`/api/state?as=${slack.ids["hana"]}`)).status).toBe(200);
  });

  it("keeps a private conversation from who is not in it, for reading and for writing", async () => {
    const secret = slack.channels[APPROVERS_CHANNEL];
    const { text } = await ask("/api/state?as=hana");
    expect(text).not.toContain(secret);
    expect((await ask("/api/act?as=hana", OWN, say(secret))).status).toBe(409);
    expect((await ask("/api/act?as=sam", OWN, say(secret))).status).toBe(200);
  });

  it("refuses what is not one of its acts", async () => {
    expect((await ask("/api/act?as=sam", OWN, { kind: "delete-everything" })).status).toBe(400);
    expect((await ask("/api/act?as=sam", OWN, { kind: "say", channel: 7, text: "x" })).status).toBe(400);
    expect((await ask("/../../package.json")).status).toBe(404);
  });

  it("sends its page with a policy that runs only its own script", async () => {
    const answer = await fetch(page.url);
    expect(answer.headers.get("content-security-policy")).toContain("script-src 'self'");
    expect(answer.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  });
});

describe("the page's colours", () => {
  const TEXT: readonly [string, string][] = [
    ["text", "ground"],
    ["text", "ground-soft"],
    ["text", "warn-soft"],
    ["text-soft", "ground"],
    ["text-soft", "ground-soft"],
    ["text-soft", "ground-raised"],
    ["text-soft", "accent-soft"],
    ["link", "ground"],
    ["link", "ground-soft"],
    ["danger", "ground"],
    ["danger", "danger-soft"],
    ["on-accent", "accent"],
    ["on-accent", "accent-hover"],
    ["warn-text", "warn-soft"],
    ["mention-text", "mention"],
    ["you-text", "you"],
    ["side-text", "side"],
    ["side-text", "side-hover"],
    ["side-soft", "side"],
    ["side-current-text", "side-current"],
  ];
  const BORDERS: readonly [string, string][] = [
    ["line-strong", "ground"],
    ["line-strong", "ground-soft"],
    ["focus", "ground"],
    ["accent", "ground"],
  ];
  it.each(["light", "dark"])("have contrast enough for everyone, %s (WCAG 2.2, 1.4.3 and 1.4.11)", async (theme) => {
    const css = await readFile(new URL("page/styles/base.css", import.meta.url), "utf8");
    const [light = "", dark = ""] = css.split(':root[data-theme="dark"]');
    const colours = new Map(
      [...(theme === "light" ? light : (dark.split("}")[0] ?? "")).matchAll(/--([\w-]+): #([0-9a-f]{6});/g)].map(
        (match) => [match[1] ?? "", match[2] ?? ""],
      ),
    );
    const ratio = ([a, b]: readonly [string, string]) => contrast(colours.get(a) ?? "", colours.get(b) ?? "");
    expect(TEXT.filter((pair) => !(ratio(pair) >= 4.5)).map((pair) => [...pair, ratio(pair)])).toEqual([]);
    expect(BORDERS.filter((pair) => !(ratio(pair) >= 3)).map((pair) => [...pair, ratio(pair)])).toEqual([]);
  });
});

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [0, 2, 4]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
