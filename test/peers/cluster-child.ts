import { startCluster } from "./cluster.ts";

// A PostgreSQL for as long as the input is open: prints its superuser's URL. Its argument is the folder of the programs.
const cluster = await startCluster({ binaries: process.argv[2] });
process.stdout.write(`${cluster.superUrl}\n`);
process.stdin.resume();
process.stdin.once("end", () => void cluster.stop());
process.once("SIGTERM", () => void cluster.stop().then(() => process.exit(0)));
