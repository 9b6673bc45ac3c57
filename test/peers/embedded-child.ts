import { type Embedded, openEmbedded } from "../../src/store/embedded.ts";

// A process that opens the embedded database, says how to reach it, and waits to be killed or for its input to end.
const [folder = "", packageFolder] = process.argv.slice(2);
const embedded: Embedded = await openEmbedded({
  folder,
  ...(packageFolder ? { packageFolder } : {}),
  log: { info: (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`) },
});
const { url, ownerUrl, pid, data } = embedded;
process.stdout.write(`${JSON.stringify({ url, ownerUrl, pid, data })}\n`);
process.stdin.resume();
