import { type Client, eachOf } from "./client.ts";
import { type File, lastToChange, type RepoView } from "./files.ts";
import type { Repo } from "./schema.ts";

/** A workflow whose schedule GitHub disables when this account leaves. */
export interface Schedule {
  readonly repo: Repo;
  readonly path: string;
  readonly cron: readonly string[];
}

const CRON = /^\s*-\s*(?:"cron"|'cron'|cron)\s*:\s*(.+?)\s*$/;

/**
 * Workflows whose cron lines this account changed last. GitHub disables a schedule when the last to commit to it leaves
 * the organization: https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule
 */
export async function findSchedules(client: Client, views: readonly RepoView[], account: string): Promise<Schedule[]> {
  const candidates = views
    .filter(({ repo }) => !repo.archived)
    .flatMap(({ repo, workflows }) => workflows.map((file) => ({ repo, file, lines: cronLines(file) })))
    .filter(({ lines }) => lines.length > 0);
  const found = await eachOf(candidates, 2, async ({ repo, file, lines }) => {
    const by = await lastToChange(
      client,
      repo,
      file.path,
      lines.map(({ line }) => line),
    );
    return by.includes(account) ? { repo, path: file.path, cron: lines.map(({ cron }) => cron) } : undefined;
  });
  return found.filter((one) => one !== undefined);
}

function cronLines(file: File): { readonly line: number; readonly cron: string }[] {
  return file.text.split(/\r?\n/).flatMap((text, index) => {
    const cron = CRON.exec(text)?.[1];
    return cron === undefined ? [] : [{ line: index + 1, cron: cron.replaceAll(/^["']|["'](\s*#.*)?$/g, "") }];
  });
}
