import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import signoffConfig from "../../signoff.config.ts";
import { unknownVariables } from "../../src/config.ts";
import { credentialVariables, findCredentials } from "./credentials.ts";
import { type Sandbox, startSandbox } from "./sandbox.ts";

/** Where the chat page listens; any free port if unset. */
const PORT = "SIGNOFF_SANDBOX_PORT";

const DIGEST_AFTER_MS = 10 * 60_000;

/** Starts what the environment asks for, and stays until it is ended. */
export async function launch(): Promise<void> {
  const chats = ["SLACK_BOT_TOKEN", "TEAMS_APP_PASSWORD"].flatMap((name) => [name, `${name}_FILE`]);
  if (chats.some((name) => process.env[name])) return startApp();
  const lines = await refusalLines(process.env);
  if (lines.length > 0) {
    console.error(lines.join("\n"));
    process.exitCode = 1;
    return;
  }
  await runSandbox();
}

/** Why the sandbox does not start beside these variables, by name and without values; nothing if it may. */
async function refusalLines(env: Readonly<Record<string, string | undefined>>): Promise<string[]> {
  const real = findCredentials(env, await credentialVariables());
  const port = env[PORT] || undefined;
  const faults = [
    ...unknownVariables(signoffConfig, env),
    ...Object.keys(env)
      .filter((name) => name.startsWith("SIGNOFF_SANDBOX_") && name !== PORT && env[name])
      .map((variable) => ({ variable, problem: `is not a variable of the sandbox: it has only ${PORT}` })),
    ...(port === undefined || (/^\d{1,5}$/.test(port) && Number(port) < 65_536)
      ? []
      : [{ variable: PORT, problem: "must be a port number" }]),
  ];
  return [
    ...(faults.length === 0
      ? []
      : ["The sandbox does not start with:", ...faults.map(({ variable, problem }) => `  ${variable} ${problem}`)]),
    ...(real.length === 0
      ? []
      : [
          `The sandbox does not start beside real credentials. Set here: ${real.join(", ")}`,
          "To try the sandbox, unset them (or move .env away) and type: npm start",
          "To run Signoff with your own chat, set SLACK_BOT_TOKEN and the rest of .env.example, and type: npm start",
        ]),
  ];
}

/** The app alone; its end is ours. */
function startApp(): void {
  const child = spawn(process.execPath, [fileURLToPath(new URL("../../src/main.ts", import.meta.url))], {
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  child.once("exit", (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128);
  });
}

async function runSandbox(): Promise<void> {
  const began = Date.now();
  const say = (line: string) => console.log(line);
  const port = process.env[PORT] || undefined;
  const starting = startSandbox({
    say,
    restarts: true,
    // Nobody waits until tomorrow morning to see one.
    digestAt: new Date(began + DIGEST_AFTER_MS).toISOString().slice(11, 16),
    env: process.env,
    port: port === undefined ? undefined : Number(port),
  });
  let ending = false;
  // What is half started is waited for first: a database left running would be nobody's.
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    say("\nEnding everything…");
    await starting.then(
      (sandbox) => sandbox.stop(),
      () => undefined,
    );
    process.exit();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void end());
  let sandbox: Sandbox;
  try {
    sandbox = await starting;
  } catch (error) {
    if (ending) return;
    console.error(`The sandbox did not start: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
  if (ending) return;
  say(
    [
      "",
      `  Acme is open (after ${((Date.now() - began) / 1000).toFixed(1)} s). You are Hana, HR:`,
      "",
      `    ${sandbox.url}`,
      "",
      `  Sam, who approves:  ${sandbox.url}?as=sam      Ivo, too:  ${sandbox.url}?as=ivo`,
      `  Everything is invented and gone when you press Ctrl-C. The app is process ${sandbox.app.pid}: kill it and see.`,
      "",
    ].join("\n"),
  );
}
