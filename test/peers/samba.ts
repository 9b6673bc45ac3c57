import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "ldapts";
import { sidText } from "../../connectors/ldap/entry.ts";
import { type DirectoryPeer, makeCertificates, startServer } from "./slapd.ts";

const run = promisify(execFile);

/** Says whether this machine can be a domain controller: Samba with its AD modules, as root, since its ports are fixed. */
export const HAS_SAMBA = existsSync("/usr/sbin/samba") && existsSync("/usr/bin/samba-tool") && process.getuid?.() === 0;

export const BOT = { dn: "CN=signoff,CN=Users,DC=acme,DC=example", password: "Bot-passw0rd-of-the-domain" };

/** Organizational unit in which the bot has the rights that the connector's README asks for. */
export const COMPANIES = "OU=companies,DC=acme,DC=example";

// Schema ids of what the bot may change (https://learn.microsoft.com/en-us/windows/win32/adschema).
const RIGHTS = [
  ["bf9679c0-0de6-11d0-a285-00aa003049e2", "bf967a9c-0de6-11d0-a285-00aa003049e2"], // member of group
  ["bf967a68-0de6-11d0-a285-00aa003049e2", "bf967aba-0de6-11d0-a285-00aa003049e2"], // userAccountControl of user
] as const;

/** A domain of Active Directory by Samba: only its LDAP, on a loopback address of its own. Takes about 20 s to set up. */
export async function startSamba(): Promise<DirectoryPeer> {
  const folder = await mkdtemp(join(tmpdir(), "signoff-samba-"));
  const host = `127.${randomInt(64, 128)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  const { ca, certificate, key } = await makeCertificates(folder, host);
  await chmod(key, 0o600);
  const adminPassword = "Admin-passw0rd-of-the-domain";
  const options = [
    `interfaces=${host}/8`,
    "bind interfaces only=yes",
    "server services=ldap",
    "dcerpc endpoint servers=",
    `pid directory=${folder}/run`,
    `ncalrpc dir=${folder}/ncalrpc`,
    `log file=${folder}/log`,
    `tls cafile=${ca}`,
    `tls certfile=${certificate}`,
    `tls keyfile=${key}`,
    "ldap server require strong auth=no",
  ].map((option) => `--option=${option}`);
  for (const name of ["run", "ncalrpc"]) await mkdir(join(folder, name));
  const domain = ["--domain=ACME", "--realm=ACME.EXAMPLE", "--server-role=dc", "--dns-backend=NONE", "--host-name=dc1"];
  await run("samba-tool", [
    ...["domain", "provision", ...domain, `--host-ip=${host}`, `--targetdir=${folder}`, `--adminpass=${adminPassword}`],
    ...options,
  ]);
  const command = ["/usr/sbin/samba", "-i", "-M", "single", `--configfile=${folder}/etc/smb.conf`, ...options];
  const stop = await startServer(folder, command, { host, port: 389 });
  const suffix = "DC=acme,DC=example";
  const peer: DirectoryPeer = {
    host,
    port: 389,
    tlsPort: 636,
    caFile: ca,
    suffix,
    async admin() {
      const client = new Client({ url: `ldaps://${host}`, tlsOptions: { ca: await readFile(ca) } });
      await client.bind(`CN=Administrator,CN=Users,${suffix}`, adminPassword);
      return client;
    },
    stop,
  };
  const admin = await peer.admin();
  await admin.add(COMPANIES, { objectClass: "organizationalUnit", ou: "companies" });
  await addUser(admin, BOT.dn, { sAMAccountName: "signoff" }, BOT.password);
  const { searchEntries } = await admin.search(BOT.dn, {
    scope: "base",
    attributes: ["objectSid"],
    explicitBufferAttributes: ["objectSid"],
  });
  await admin.unbind();
  const sid = sidText(Buffer.from(searchEntries[0]?.["objectSid"] as Buffer));
  const sddl = RIGHTS.map(([attribute, type]) => `(OA;CIIO;RPWP;${attribute};${type};${sid})`).join("");
  const login = [
    "-H",
    `ldap://${host}`,
    "-s",
    `${folder}/etc/smb.conf`,
    "--simple-bind-dn",
    `CN=Administrator,CN=Users,${suffix}`,
  ];
  await run("samba-tool", [
    ...["dsacl", "set", `--objectdn=${COMPANIES}`, `--sddl=${sddl}`, ...login, `--password=${adminPassword}`],
  ]);
  return peer;
}

/** Adds an enabled user with a password, as Active Directory wants it: quoted, UTF-16. */
export async function addUser(
  admin: Client,
  dn: string,
  attributes: Readonly<Record<string, string>>,
  password: string,
): Promise<void> {
  const unicodePwd = Buffer.from(`"${password}"`, "utf16le");
  // ldapts' type forgets that values may be bytes.
  await admin.add(dn, { objectClass: "user", ...attributes, userAccountControl: "512", unicodePwd } as never);
}
