import { readFileSync } from "node:fs";
import { Ajv, type AnySchema } from "ajv";
import { describe, expect, it } from "vitest";
import { EVENTS } from "../../../src/chat/slack/event.ts";
import { COMMAND_SCOPE, COMMANDS, METHODS } from "../../../src/chat/slack/scopes.ts";
import { SHORTCUTS } from "../../../src/chat/slack/shortcut.ts";
import { readSlackManifest } from "../../peers/slack.ts";
import { readSpec } from "../../peers/specs.ts";
import { METHODS as DOCUMENTED } from "../../sandbox/gate/methods.ts";

const file = new URL("../../../manifest/slack/manifest.json", import.meta.url);

describe("the manifest", () => {
  it("asks for exactly the scopes that the methods we call need, and for commands", async () => {
    const needed = new Set([COMMAND_SCOPE, ...Object.values(METHODS).flat()]);
    expect((await readSlackManifest()).oauth_config.scopes.bot).toEqual([...needed].sort());
  });

  it("declares exactly the commands that are read, with mentions escaped", async () => {
    const { slash_commands } = (await readSlackManifest()).features;
    expect(slash_commands.map((one) => one.command)).toEqual([...COMMANDS]);
    expect(slash_commands.every((one) => one.should_escape)).toBe(true);
  });

  it("declares exactly the shortcuts that are read, with names that Slack takes", async () => {
    const { shortcuts } = (await readSlackManifest()).features;
    expect(shortcuts.map((one) => one.callback_id)).toEqual([...SHORTCUTS]);
    expect(shortcuts.map((one) => one.type)).toEqual(["global", "message"]);
    expect(shortcuts.every(({ name }) => name.length <= 24)).toBe(true);
  });

  it("subscribes to exactly the events that are read, and turns the Home tab, interactivity and the socket on", async () => {
    const { settings, features } = await readSlackManifest();
    expect(settings.event_subscriptions?.bot_events).toEqual([...EVENTS]);
    expect(features.app_home?.home_tab_enabled).toBe(true);
    expect(settings.interactivity?.is_enabled).toBe(true);
    expect(settings["socket_mode_enabled"]).toBe(true);
  });

  it("agrees with what Slack documents about each method", () => {
    for (const [method, scopes] of Object.entries(METHODS)) {
      const documented = DOCUMENTED[method];
      expect(documented, method).toBeDefined();
      if (documented?.conversation === undefined)
        expect(scopes, method).toEqual(expect.arrayContaining([...(documented?.scopes ?? [])]));
      else
        expect(
          scopes.every((scope) => scope.endsWith(`:${documented.conversation}`)),
          method,
        ).toBe(true);
    }
  });

  for (const version of ["1.0.0", "2.0.0"]) {
    // Slack publishes it; without the file there is nothing to hold the manifest against.
    it(`is valid by Slack's own schema ${version}, where that is at hand`, () => {
      const schema = readSpec(`slack-manifest-${version}.json`);
      if (schema === undefined) return;
      const check = new Ajv({ strict: false, logger: false }).compile(schema as AnySchema);
      expect(check(JSON.parse(readFileSync(file, "utf8"))), JSON.stringify(check.errors)).toBe(true);
      expect(check({ display_information: { name: 1 } })).toBe(false);
    });
  }
});
