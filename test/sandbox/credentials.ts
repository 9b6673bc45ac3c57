import { glob } from "node:fs/promises";
import { z } from "zod";
import { Variables } from "../../src/config/variables.ts";

const Meta = z.object({ env: z.string().optional(), secret: z.boolean().optional() });
const Configurable = z.looseObject({
  options: z.custom<z.ZodObject>((value) => value instanceof z.ZodObject),
});

/** Every variable that holds something real: Signoff's own secrets and those of every connector, and Teams'. */
export async function credentialVariables(): Promise<string[]> {
  const own = secretsOf(Variables, (name) => name);
  const folder = new URL("../../connectors/", import.meta.url);
  const found: string[] = [];
  for await (const file of glob("*/index.ts", { cwd: folder.pathname })) {
    const connector: Record<string, unknown> = await import(new URL(file, folder).href);
    for (const part of Object.values(connector)) {
      const parsed = typeof part === "function" ? Configurable.safeParse({ ...part }) : undefined;
      if (parsed?.success) found.push(...secretsOf(parsed.data.options, (_, env) => env));
    }
  }
  return [...own, "SIGNOFF_DATABASE", ...found];
}

/** Names, never values, of the variables that are set and would let the sandbox touch something real. */
export function findCredentials(
  env: Readonly<Record<string, string | undefined>>,
  variables: readonly string[],
): string[] {
  const names = new Set(variables.flatMap((name) => [name, `${name}_FILE`]));
  return Object.keys(env)
    .filter((name) => env[name] !== undefined && env[name] !== "")
    .filter((name) => names.has(name) || /^(TEAMS|SLACK|MICROSOFT_APP)_/.test(name))
    .sort();
}

function secretsOf(
  schema: z.ZodObject,
  nameOf: (field: string, env: string | undefined) => string | undefined,
): string[] {
  return Object.entries(schema.shape).flatMap(([field, type]) => {
    const meta = Meta.safeParse(type.meta()).data;
    return meta?.secret === true ? (nameOf(field, meta.env) ?? []) : [];
  });
}
