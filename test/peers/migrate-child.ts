import { migrate } from "../../src/store/migrate.ts";

// A replica that starts: migrates what its arguments name, says what it did.
const [ownerUrl = "", runtimeRole = ""] = process.argv.slice(2);
const { applied } = await migrate({ ownerUrl, runtimeRole });
process.stdout.write(`${applied}\n`);
