// `npm start`: the app alone where chat is configured, else everything with stand-ins, on this machine only.

const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  console.error(`Signoff needs Node.js 24 and this is ${process.versions.node}. Type: npm ci && npm start`);
  process.exit(1);
}
const { launch } = await import("./launch.ts");
await launch();

export {};
