import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";

// Makes the app package that Teams takes: manifest and icons in one zip, with the bot's own id filled in.

const FOLDER = import.meta.dirname;
const NO_ID = "00000000-0000-0000-0000-000000000000";

/** The package for the bot with this application id, as a zip. */
export async function teamsPackage(appId: string): Promise<Buffer> {
  const manifest = (await readFile(join(FOLDER, "manifest.json"), "utf8")).replaceAll(NO_ID, appId);
  const icons = await Promise.all(
    ["color.png", "outline.png"].map(async (name) => [name, await readFile(join(FOLDER, name))] as const),
  );
  return zip([["manifest.json", Buffer.from(manifest)], ...icons]);
}

/** Files as a zip without compression (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3). */
function zip(files: readonly (readonly [string, Buffer])[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, body] of files) {
    const path = Buffer.from(name);
    const about = Buffer.alloc(26);
    about.writeUInt16LE(20, 0); // version needed
    about.writeUInt16LE(0x0800, 2); // names are UTF-8
    about.writeUInt16LE(0x21, 8); // 1 January 1980: the same files give the same package
    about.writeUInt32LE(crc32(body), 10);
    about.writeUInt32LE(body.length, 14);
    about.writeUInt32LE(body.length, 18);
    about.writeUInt16LE(path.length, 22);
    const entry = Buffer.alloc(14);
    entry.writeUInt32LE(offset, 10);
    bodies.push(Buffer.from("PK\x03\x04", "latin1"), about, path, body);
    directory.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), about, entry, path);
    offset += 30 + path.length + body.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, listed, end]);
}

if (import.meta.main) {
  const [appId = process.env["TEAMS_APP_ID"] ?? "", to = "signoff-teams.zip"] = process.argv.slice(2);
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(appId)) {
    process.stderr.write(
      "Set TEAMS_APP_ID in .env, or name it: npm run package:teams -- 00000000-0000-0000-0000-000000000000\n",
    );
    process.exitCode = 1;
  } else {
    await writeFile(to, await teamsPackage(appId));
    process.stdout.write(`${to} is ready: Teams admin center, Manage apps, Upload new app.\n`);
  }
}
