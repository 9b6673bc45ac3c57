// Imported first, so that an old Node says this and not something about a missing export.
const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 24) {
  process.stderr.write(
    `Signoff needs Node.js 24 or newer; this is ${process.versions.node}. npm brings the right one: npm run start:app, or npm run signoff -- …\n`,
  );
  process.exit(1);
}
