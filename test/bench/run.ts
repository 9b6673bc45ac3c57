// `npm run bench -- NAME`: measures against a reference in the same run, since a number alone says little about a machine.

const BENCHES: Readonly<Record<string, () => Promise<{ readonly main: () => Promise<boolean> }>>> = {
  ack: () => import("./ack.ts"),
  log: () => import("./log.ts"),
};

const wanted = process.argv.slice(2);
const names = wanted.length > 0 ? wanted : Object.keys(BENCHES);
for (const name of names) {
  const load = BENCHES[name];
  if (!load) {
    console.error(`There is no bench “${name}”. There are: ${Object.keys(BENCHES).join(", ")}.`);
    process.exit(2);
  }
  const { main } = await load();
  // Each says what it promises; a broken promise shows in the exit code.
  if (!(await main())) process.exitCode = 1;
}

export {};
