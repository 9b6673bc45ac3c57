import type { WorkItem } from "../connector.ts";
import { type Client, eachOf } from "./client.ts";
import { CheckRuns, Pull } from "./schema.ts";

/** Of so many the size and checks are read, one by one: it is advice, and not worth an hour's requests. */
const MOST = 100;
const WIDTH = 4;

/** What only reading a pull request by itself says: how large it is, and what its checks say. */
export async function pullDetails(
  client: Client,
  repo: string,
  pulls: readonly Pull[],
): Promise<ReadonlyMap<number, Pick<WorkItem, "size" | "checks">>> {
  const read = await eachOf(pulls.slice(0, MOST), WIDTH, async ({ number }) => {
    const where = { owner: client.org, repo };
    const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}";
    const pull = (await client.find(Pull, route, { ...where, pull_number: number }))?.body;
    return [number, pull ? { ...sizeOf(pull), ...(await checksOf(client, where, pull)) } : {}] as const;
  });
  return new Map(read);
}

function sizeOf({ additions, deletions }: Pull): Pick<WorkItem, "size"> {
  if (additions === undefined || deletions === undefined) return {};
  return { size: `${additions} lines added, ${deletions} removed` };
}

/** Check runs of its newest commit. None, or none that we may see, is no statement. */
async function checksOf(client: Client, where: Record<string, string>, pull: Pull): Promise<Pick<WorkItem, "checks">> {
  if (!pull.head) return {};
  const route = "GET /repos/{owner}/{repo}/commits/{ref}/check-runs";
  const runs = (await client.find(CheckRuns, route, { ...where, ref: pull.head.sha, per_page: 100 }))?.body.check_runs;
  if (!runs || runs.length === 0) return {};
  const failed = runs.some(({ conclusion }) => ["failure", "timed_out", "action_required"].includes(conclusion ?? ""));
  if (failed) return { checks: "failing" };
  return { checks: runs.every(({ status }) => status === "completed") ? "passing" : "pending" };
}
