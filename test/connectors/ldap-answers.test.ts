import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { Secret } from "../../connectors/connector.ts";
import { type Options, type Search, withDirectory } from "../../connectors/ldap/client.ts";
import { equal } from "../../connectors/ldap/filter.ts";
import { type ScriptedAnswer, startScriptedDirectory } from "../peers/ldap-script.ts";
import { CALL } from "./ldap-bench.ts";

// What servers may answer by the standard, and OpenLDAP and Samba here do not.
describe("odd answers of a directory", () => {
  const started: { stop(): Promise<void> }[] = [];
  afterEach(() => Promise.all(started.splice(0).map((one) => one.stop())));

  const optionsFor = (port: number): Options => {
    return {
      name: "corp",
      url: `ldap://127.0.0.1:${port}`,
      bindDn: "cn=bot",
      password: new Secret("password"),
      baseDn: "dc=x",
      kind: "active-directory",
      plaintext: true,
      pageSize: 2,
      disableAttribute: "x",
      disableValue: "x",
      keyAttribute: "x",
      privilegedGroups: [],
    };
  };
  const searched = async (script: (search: string) => ScriptedAnswer, search: Partial<Search>) => {
    const peer = await startScriptedDirectory(script);
    started.push(peer);
    return withDirectory(optionsFor(peer.port), CALL, (directory) =>
      directory.search({ base: "dc=x", scope: "sub", filter: equal("cn", "x"), attributes: ["member"], ...search }),
    );
  };

  it("reads a long attribute to its end, part by part", async () => {
    const [entry] = await searched(
      (search) => {
        const part = search.includes("range=4-*")
          ? { "member;range=4-*": ["e"] }
          : search.includes("range=2-*")
            ? { "member;range=2-3": ["c", "d"] }
            : { "member;range=0-1": ["a", "b"], member: [] };
        return { entries: [{ dn: "cn=x", attributes: part }] };
      },
      { scope: "base" },
    );
    expect(entry?.texts("member")).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("fails when the rest of a long attribute is not there any more", async () => {
    const script = (search: string) => ({
      entries: search.includes("range=2-*") ? [] : [{ dn: "cn=x", attributes: { "member;range=0-1": ["a", "b"] } }],
    });
    await expect(searched(script, {})).rejects.toMatchObject({ failure: { code: "conflict" } });
  });

  it("fails at an empty page that is not the last, rather than take it for the end", async () => {
    const entry = { dn: "cn=x", attributes: { member: ["a"] } };
    let pages = 0;
    const script = () => {
      pages += 1;
      return pages === 1 ? { entries: [entry], cookie: "1" } : { entries: [], cookie: "2" };
    };
    await expect(searched(script, {})).rejects.toMatchObject({ failure: { code: "unreachable" } });
    const whole = await searched((search) => ({ entries: [entry], cookie: search.endsWith("\x04\0") ? "1" : "" }), {});
    expect(whole).toHaveLength(2);
  });

  it("does not go on without its bind when the connection was cut: anonymous it would find nothing", async () => {
    const peer = await startScriptedDirectory(() => ({ entries: [] }));
    started.push(peer);
    const search: Search = { base: "dc=x", scope: "base", attributes: ["cn"] };
    const cut = withDirectory(optionsFor(peer.port), CALL, async (directory) => {
      await directory.search(search);
      peer.cut();
      await sleep(50);
      return directory.search(search);
    });
    await expect(cut).rejects.toMatchObject({ failure: { code: "unreachable" } });
  });
});
