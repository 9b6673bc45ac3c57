import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { fingerprint, newLogKey, readLogKey } from "../../src/audit/key.ts";
import { latestCheckpoint } from "../../src/store/log.ts";
import { freshDatabase, runAs, type TestDatabase } from "../peers/database.ts";
import { type Environment, runProgram } from "../peers/program.ts";

describe("the command line", () => {
  let folder: string;
  let database: TestDatabase;
  let environment: Environment;
  const logKey = newLogKey("test/cli");

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "signoff-cli-"));
    database = await freshDatabase({ migrated: false });
    environment = {
      HOME: folder,
      DATABASE_URL: database.url,
      DATABASE_OWNER_URL: database.ownerUrl,
      SIGNOFF_LOG_KEY: logKey.key.reveal(),
      SIGNOFF_CHECKPOINT_FILE: join(folder, "checkpoint"),
      SIGNOFF_APPROVERS: "sam@x.example",
      GITHUB_ORG: "acme",
      GITHUB_TOKEN: "hunter2",
      // Nobody listens there.
      GITHUB_API_URL: "http://127.0.0.1:9",
    };
    return async () => {
      await database.drop();
      await rm(folder, { recursive: true });
    };
  });

  it("explains every command with examples that it takes", async () => {
    const commands = [
      [],
      ["start"],
      ["check"],
      ["audit", "verify"],
      ["key", "new"],
      ["import", "people"],
      ["case", "open"],
      ["case", "contain"],
      ["case", "list"],
      ["pause"],
      ["resume"],
      ["audit", "show"],
    ];
    const helps = await Promise.all(commands.map((command) => signoff(...command, "--help")));
    for (const [at, command] of commands.entries()) {
      expect(helps[at]?.code, command.join(" ")).toBe(0);
      expect(helps[at]?.out, command.join(" ")).toContain(`npm run signoff -- ${command.join(" ")}`);
    }
    expect(await signoff("audit", "verfy")).toMatchObject({ code: 1, err: expect.stringContaining("verfy") });
  });

  describe("key new", () => {
    it("prints the line for .env alone on the output, and the fingerprint beside it", async () => {
      const { code, out, err } = await signoff("key", "new", "--name", "signoff.x.example/main");
      expect(code).toBe(0);
      const [, key] = /^SIGNOFF_LOG_KEY=(PRIVATE\+KEY\+signoff\.x\.example\/main\+\S+)\n$/.exec(out) ?? [];
      const { Secret } = await import("../../src/core/secret.ts");
      expect(err).toContain(fingerprint(readLogKey(new Secret(key ?? "")).verifier));
      expect(err).not.toContain("PRIVATE");
    });

    it("writes a file that only its owner reads, and never over one", async () => {
      const file = join(folder, "log.env");
      expect(await signoff("key", "new", "--file", file)).toMatchObject({ code: 0, out: "" });
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      const before = await readFile(file, "utf8");
      const again = await signoff("key", "new", "--file", file);
      expect(again).toMatchObject({ code: 1, err: expect.stringContaining("is not overwritten") });
      expect(await readFile(file, "utf8")).toBe(before);
    });

    it("refuses a name that no verifier could read", async () => {
      expect(await signoff("key", "new", "--name", "a b")).toMatchObject({ code: 1, out: "" });
    });
  });

  describe("import people", () => {
    it("says first what would change, then changes it, on a database that was empty", async () => {
      const file = await people("E1,sam@x.example,Sam,U1,sam");
      expect(await signoff("import", "people", file, "--dry-run")).toMatchObject({
        code: 0,
        out: "1 person would be added, 0 changed, 0 as before.\n  + E1: name, emails, github, slack\nNothing was written.\n",
      });
      expect(await signoff("import", "people", file)).toMatchObject({
        code: 0,
        out: "1 person added, 0 changed, 0 as before.\n",
      });
      expect(await database.store.sql`select login from logins`).toEqual([{ login: "sam" }]);
    });

    it("says each fault with its line, and imports nothing", async () => {
      const end = await signoff(
        "import",
        "people",
        await people("E1,sam@x.example,Sam,U1,sam", "E2,sam@x.example,Ivo,U2,ivo"),
      );
      expect(end).toMatchObject({ code: 1, out: "" });
      expect(end.err).toBe("Lines 2 and 3: both have the e-mail “sam@x.example”.\nNothing was imported.\n");
      expect(await signoff("import", "people", join(folder, "none.csv"))).toMatchObject({ code: 1 });
    });
  });

  describe("audit verify", () => {
    beforeEach(async () => {
      await signoff("import", "people", await people("E1,sam@x.example,Sam,U1,sam", "E2,ivo@x.example,Ivo,U2,ivo"));
    });

    it("needs no more than the database and the public key, and says what each thing given proves", async () => {
      const { SIGNOFF_LOG_KEY: _, DATABASE_OWNER_URL: __, ...rest } = environment;
      await keepCheckpoint(join(folder, "mail.eml"));
      const args = [
        "--verifier",
        logKey.verifierKey,
        "--key",
        logKey.fingerprint,
        "--checkpoint",
        join(folder, "mail.eml"),
      ];
      const end = await runProgram("cli.ts", ["audit", "verify", ...args], rest);
      expect(end).toMatchObject({ code: 0, err: "" });
      expect(end.out).toMatch(
        /3 entries are as signed[\s\S]*as named from outside[\s\S]*mail\.eml[\s\S]*The log is good/,
      );
      expect(await runProgram("cli.ts", ["audit", "verify"], rest)).toMatchObject({
        code: 1,
        err: expect.stringContaining("no key to verify with"),
      });
    });

    it("fails and names the first bad entry after a superuser changed one", async () => {
      await tamper("update audit.entries set actor_id = 'nobody' where seq = 1");
      const { code, out } = await signoff("audit", "verify");
      expect(code).toBe(1);
      expect(out).toContain("The first bad entry is number 1");
      const json = JSON.parse((await signoff("audit", "verify", "--json")).out);
      expect(json).toMatchObject({ ok: false, size: 1, firstBad: { seq: 1 } });
    });

    it("fails on a cut tail by the checkpoint file alone", async () => {
      await keepCheckpoint(join(folder, "checkpoint"));
      await tamper(
        "delete from audit.personal where seq = 2",
        "delete from audit.entries where seq = 2",
        "delete from audit.notes where size = 3",
      );
      expect(await signoff("audit", "verify")).toMatchObject({ code: 1, out: expect.stringContaining("number 2") });
      await rm(join(folder, "checkpoint"));
      expect(await signoff("audit", "verify")).toMatchObject({
        code: 0,
        out: expect.stringContaining("No checkpoint"),
      });
    });

    it("fails on another key's fingerprint, and on a witness that is no checkpoint", async () => {
      const other = newLogKey("test/cli").fingerprint;
      expect(await signoff("audit", "verify", "--key", other)).toMatchObject({ code: 1 });
      await writeFile(join(folder, "empty.txt"), "hello");
      expect(await signoff("audit", "verify", "--checkpoint", join(folder, "empty.txt"))).toMatchObject({
        code: 1,
        out: expect.stringContaining("there is no checkpoint"),
      });
      expect(await signoff("audit", "verify", "--checkpoint", join(folder, "none.txt"))).toMatchObject({ code: 1 });
    });

    it("imports nothing into a database that is older than its checkpoint file", async () => {
      await keepCheckpoint(join(folder, "checkpoint"));
      const backup = await freshDatabase();
      try {
        const older = { ...environment, DATABASE_URL: backup.url, DATABASE_OWNER_URL: backup.ownerUrl };
        const end = await runProgram("cli.ts", ["import", "people", await people("E1,a@x.example,A,,")], older);
        expect(end).toMatchObject({
          code: 1,
          err: expect.stringContaining("Nothing is written: the log has 0 entries"),
        });
        expect(await backup.store.sql`select id from persons`).toEqual([]);
      } finally {
        await backup.drop();
      }
    });
  });

  it("says that there is no log in an empty database", async () => {
    expect(await signoff("audit", "verify")).toMatchObject({ code: 1, err: "There is no log in this database.\n" });
  });

  describe("check", () => {
    it("names what is missing and what does not answer, without a secret, and fails", async () => {
      const { code, out, err } = await signoff("check");
      expect(code).toBe(1);
      expect(out).toContain("✓ the role that runs Signoff cannot change the log");
      expect(out).toContain("✗ approver sam@x.example: nobody in the directory");
      expect(out).toMatch(/Chat\n {2}✗ none/);
      expect(out).toMatch(/GitHub acme \(github:acme\)\n {2}✗/);
      expect(out + err).not.toContain("hunter2");
    });

    it("warns while one role both runs Signoff and owns the log", async () => {
      const { DATABASE_OWNER_URL: _, ...rest } = environment;
      const { out } = await runProgram("cli.ts", ["check"], { ...rest, DATABASE_URL: database.ownerUrl });
      expect(out).toContain("! the role that runs Signoff could change the log: set DATABASE_OWNER_URL");
    });
  });

  it("keeps a PostgreSQL of its own when asked by name, and leaves none running behind", async () => {
    const { DATABASE_URL: _, DATABASE_OWNER_URL: __, ...rest } = environment;
    const data = join(folder, "data");
    const embedded = { ...rest, SIGNOFF_DATABASE: "embedded", SIGNOFF_DATA_FOLDER: data };
    const imported = await runProgram("cli.ts", ["import", "people", await people("E1,a@x.example,A,,")], embedded);
    expect(imported).toMatchObject({ code: 0, err: "" });
    expect(await runProgram("cli.ts", ["audit", "verify"], embedded)).toMatchObject({ code: 0, err: "" });
    const kept: { data: string } = JSON.parse(await readFile(join(data, "postgres.json"), "utf8"));
    await expect(stat(join(kept.data, "postmaster.pid"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  function signoff(...args: string[]) {
    return runProgram("cli.ts", args, environment);
  }

  async function people(...lines: string[]): Promise<string> {
    const file = join(folder, "people.csv");
    await writeFile(file, ["id,emails,name,slack,github", ...lines, ""].join("\n"));
    return file;
  }

  async function keepCheckpoint(file: string): Promise<void> {
    const note = await database.store.db.transaction((tx) => latestCheckpoint(tx));
    await writeFile(file, note?.note ?? "");
  }

  /** As whoever owns the machine: even the database's own guards are switched off. */
  async function tamper(...statements: string[]): Promise<void> {
    for (const table of ["entries", "personal", "notes"]) {
      await runAs(database.superUrl, `alter table audit.${table} disable trigger user`);
    }
    for (const statement of statements) await runAs(database.superUrl, statement);
  }
});
