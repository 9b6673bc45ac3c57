import { Policy } from "../../src/core/policy.ts";
import { openStore } from "../../src/store/open.ts";
import { inTurn } from "../../src/workflow/turn.ts";
import type { Workflow } from "../../src/workflow/workflow.ts";

// A replica that calls a system as often as its arguments say, whenever it is its turn, and ends once all calls were made.
const [url = "", peer = "", system = "", of = "", calls = "0"] = process.argv.slice(2);
const store = openStore({ url });
const limited = { limit: { concurrent: 2, ...(of === "" ? {} : { of }) } };
const w = { store, policy: Policy.parse({}), systems: new Map([[system, limited]]), now: () => new Date() };
let made = 0;
const callOnce = async (): Promise<void> => {
  let done = false;
  const work = async () => {
    await (await fetch(peer)).text();
    done = true;
    made += 1;
  };
  // What a limit needs of a workflow, and nothing that acts.
  while (!done) await inTurn(w as unknown as Workflow, system, work, () => Promise.resolve());
};
await Promise.all(Array.from({ length: Number(calls) }, callOnce));
await store.close();
process.stdout.write(`${made}\n`);
