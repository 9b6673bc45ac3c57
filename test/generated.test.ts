import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { VariableMeta, Variables } from "../src/config/variables.ts";

// What is made from the schemas: `npx vitest run test/generated.test.ts -u` writes it anew.

const FOLDER = new URL("../connectors/", import.meta.url);

/** A connector as its folder exports it. */
interface Exported {
  readonly kind: string;
  readonly options: z.ZodObject;
}

const SECTIONS: readonly (readonly [string, RegExp])[] = [
  ["The database: DATABASE_URL, or SIGNOFF_DATABASE=embedded with SIGNOFF_DATA_FOLDER", /^(DATABASE_|SIGNOFF_DATA)/],
  ["The audit log", /^SIGNOFF_(LOG_KEY|CHECKPOINT)/],
  ["Where Signoff listens", /^SIGNOFF_(HOST|PORT)$/],
  [
    "Slack: SLACK_BOT_TOKEN, and one of SLACK_APP_TOKEN and SLACK_SIGNING_SECRET",
    /^(SLACK_|SIGNOFF_APPROVERS_CHANNEL)/,
  ],
  ["Microsoft Teams, instead of Slack or beside it: TEAMS_APP_ID, TEAMS_APP_PASSWORD and TEAMS_TENANT_ID", /^TEAMS_/],
  ["Who may do what", /^SIGNOFF_(REQUESTERS|APPROVERS|AUDITORS|OPERATORS)$/],
  ["Everything else", /./],
];

describe("what is generated", () => {
  it("has every variable in .env.example, one line each", async () => {
    const lines = [
      "# Every variable that Signoff reads. Copy this file to .env, which git ignores, and fill in what you need.",
      "# Empty means absent. Quote a value that holds a #. A secret may stand in a file: NAME_FILE=/run/secrets/name.",
      "# Names that start with SIGNOFF_ and are not here are refused, since they would be typing errors.",
    ];
    let rest = Object.entries(Variables.shape) as [string, z.ZodType][];
    for (const [title, names] of SECTIONS) {
      lines.push(
        "",
        `# ${title}`,
        ...rest.filter(([name]) => names.test(name)).map(([name, field]) => line(name, field)),
      );
      rest = rest.filter(([name]) => !names.test(name));
    }
    for (const { kind, options } of await connectors()) {
      const fields = fieldsOf(options).filter(({ env }) => env !== undefined);
      if (fields.length === 0) continue;
      lines.push("", `# Connector ${kind}: on as soon as its first variables are set`);
      lines.push(...fields.map(({ env, field }) => line(env ?? "", field)));
    }
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("../.env.example");
  });

  it("sets nothing by itself when Node reads .env.example", async () => {
    const values = parseEnv(await readFile(new URL("../.env.example", import.meta.url), "utf8"));
    expect(Object.keys(values).length).toBeGreaterThan(20);
    expect(new Set(Object.values(values))).toEqual(new Set([""]));
  });

  it("has every connector and option in docs/connectors.md", async () => {
    const lines = [
      "# Connectors",
      "",
      "Made from the connectors' own schemas. signoff.config.ts turns them on; one whose variables are set is on by itself.",
      "What each one needs, sees and cannot see stands in its folder's README.",
    ];
    for (const { kind, options } of await connectors()) {
      const readme = new URL(`${kind}/README.md`, FOLDER);
      lines.push("", `## ${kind}`, "");
      if (existsSync(readme)) lines.push(`[connectors/${kind}/README.md](../connectors/${kind}/README.md)`, "");
      lines.push("| option | variable | means |", "| --- | --- | --- |");
      for (const { name, env, about, secret, needed } of fieldsOf(options)) {
        const variable = env === undefined ? "" : `\`${env}\`${secret ? ` or \`${env}_FILE\`` : ""}`;
        lines.push(`| \`${name}\`${needed ? "" : " (optional)"} | ${variable} | ${sentence(about ?? "")} |`);
      }
    }
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("../docs/connectors.md");
  });

  it("finds a conformance test beside every connector", async () => {
    for (const { kind } of await connectors()) {
      expect(
        existsSync(new URL(`connectors/${kind}.test.ts`, import.meta.url)),
        `test/connectors/${kind}.test.ts`,
      ).toBe(true);
    }
  });
});

async function connectors(): Promise<Exported[]> {
  const found: Exported[] = [];
  for await (const file of glob("*/index.ts", { cwd: FOLDER.pathname })) {
    const parts: Record<string, unknown> = await import(new URL(file, FOLDER).href);
    for (const part of Object.values(parts)) if (isConnector(part)) found.push(part);
  }
  return found.sort((a, b) => (a.kind < b.kind ? -1 : 1));
}

function isConnector(part: unknown): part is Exported {
  return typeof part === "function" && "options" in part && part.options instanceof z.ZodObject && "kind" in part;
}

function fieldsOf(options: z.ZodObject) {
  return (Object.entries(options.shape) as [string, z.ZodType][]).map(([name, field]) => {
    const meta = VariableMeta.partial().parse(field.meta() ?? {});
    return { name, field, needed: !field.safeParse(undefined).success, ...meta };
  });
}

function sentence(about: string): string {
  return `${about.charAt(0).toUpperCase()}${about.slice(1)}`;
}

/** One line: the variable, set to nothing, and what it means. */
function line(name: string, field: z.ZodType): string {
  const meta = VariableMeta.parse(field.meta());
  return `${name}= # ${meta.secret ? "Secret. " : ""}${sentence(meta.about)}`;
}
