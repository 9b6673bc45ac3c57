import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Client } from "ldapts";
import { freePort } from "../../src/store/server/port.ts";

const SLAPD = "/usr/sbin/slapd";
const SCHEMAS = ["core", "cosine", "nis", "inetorgperson"];

/** Says whether this machine has OpenLDAP's server (Debian: slapd). */
export const HAS_SLAPD = existsSync(SLAPD);

/** A real directory server of its own, on loopback. */
export interface DirectoryPeer {
  readonly host: string;
  readonly port: number;
  readonly tlsPort: number;
  /** The certificate of the authority that vouches for it. */
  readonly caFile: string;
  /** The entry at the top: `dc=acme,dc=example`. */
  readonly suffix: string;
  /** A connection that may do everything; whoever asks for it unbinds it. */
  admin(): Promise<Client>;
  stop(): Promise<void>;
}

/**
 * OpenLDAP with sshPublicKey (openssh-lpk), memberOf and a password policy that locks accounts. Members of
 * `cn=signoff,ou=rights` have the rights that the connector's README asks for, and nobody has others; entries below
 * `ou=rights` may read lists of any length, all others no more than 500 entries at once. Nobody sees `ou=hidden`,
 * and members of `cn=readers,ou=rights` see all but who is in a group, who is locked, and keys.
 */
export async function startSlapd(): Promise<DirectoryPeer> {
  const folder = await mkdtemp(join(tmpdir(), "signoff-slapd-"));
  const { ca, certificate, key } = await makeCertificates(folder, "127.0.0.1");
  await mkdir(join(folder, "data"));
  const suffix = "dc=acme,dc=example";
  const root = { dn: `cn=root,${suffix}`, password: "root-of-the-peer" };
  const rights = `group.exact="cn=signoff,ou=rights,${suffix}"`;
  const readers = `group.exact="cn=readers,ou=rights,${suffix}"`;
  await writeFile(
    join(folder, "slapd.conf"),
    `${SCHEMAS.map((name) => `include /etc/ldap/schema/${name}.schema`).join("\n")}
attributetype ( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY MAY ( sshPublicKey $ uid ) )
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
pidfile ${folder}/pid
TLSCACertificateFile ${ca}
TLSCertificateFile ${certificate}
TLSCertificateKeyFile ${key}
database mdb
suffix "${suffix}"
rootdn "${root.dn}"
rootpw ${root.password}
directory ${folder}/data
maxsize 268435456
dbnosync
index objectClass,entryUUID,uid,mail,member,uniqueMember,memberUid,gidNumber eq
limits dn.onelevel="ou=rights,${suffix}" size.prtotal=unlimited
access to dn.subtree="ou=hidden,${suffix}" by * none
access to attrs=userPassword by anonymous auth by * none
access to attrs=member,uniqueMember,memberUid,pwdAccountLockedTime,sshPublicKey by ${rights} write by * none
access to * by ${rights} read by ${readers} read by * none
overlay memberof
overlay ppolicy
ppolicy_default "cn=policy,ou=rights,${suffix}"
`,
  );
  const port = await freePort();
  const tlsPort = await freePort();
  const command = [SLAPD, "-d", "0", "-f", `${folder}/slapd.conf`];
  const stop = await startServer(folder, [...command, "-h", `ldap://127.0.0.1:${port} ldaps://127.0.0.1:${tlsPort}`], {
    host: "127.0.0.1",
    port,
  });
  const peer: DirectoryPeer = {
    host: "127.0.0.1",
    port,
    tlsPort,
    caFile: ca,
    suffix,
    async admin() {
      const client = new Client({ url: `ldap://127.0.0.1:${port}` });
      await client.bind(root.dn, root.password);
      return client;
    },
    stop,
  };
  const admin = await peer.admin();
  await admin.add(suffix, { objectClass: ["dcObject", "organization"], dc: "acme", o: "Acme" });
  for (const ou of ["rights", "hidden"]) {
    await admin.add(`ou=${ou},${suffix}`, { objectClass: "organizationalUnit", ou });
  }
  await admin.add(`cn=policy,ou=rights,${suffix}`, {
    objectClass: ["device", "pwdPolicy"],
    cn: "policy",
    pwdAttribute: "userPassword",
    pwdLockout: "TRUE",
  });
  for (const cn of ["signoff", "readers"]) {
    await admin.add(`cn=${cn},ou=rights,${suffix}`, { objectClass: "groupOfNames", cn, member: root.dn });
  }
  await admin.unbind();
  return peer;
}

/**
 * Starts a server in the foreground under a shell that ends it and removes the folder when its input ends, which is also
 * when this process does, however that happens.
 */
export async function startServer(
  folder: string,
  command: readonly string[],
  ready: { readonly host: string; readonly port: number },
): Promise<() => Promise<void>> {
  const script = `folder=$1; shift
    "$@" >"$folder/out" 2>&1 </dev/null & pid=$!
    cat >/dev/null
    kill "$pid"; wait "$pid"
    rm -rf "$folder"`;
  const shell = spawn("/bin/sh", ["-c", script, "sh", folder, ...command], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = once(shell, "exit");
  shell.unref();
  const stop = async () => {
    shell.ref();
    shell.stdin.end();
    await ended;
  };
  for (let left = 300; left > 0; left -= 1) {
    if (await answers(ready.host, ready.port)) return stop;
    await sleep(100);
  }
  await stop();
  throw new Error(`${command[0]} did not start`);
}

/** An authority, and a certificate from it for one address: files in the folder. */
export async function makeCertificates(folder: string, address: string) {
  const openssl = (...args: string[]) => promisify(execFile)("openssl", args, { cwd: folder });
  const file = (name: string) => join(folder, name);
  await openssl(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=Test CA",
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
  );
  await openssl(
    "req",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-subj",
    "/CN=directory",
    "-keyout",
    "server.key",
    "-out",
    "server.csr",
  );
  await writeFile(file("server.ext"), `subjectAltName=IP:${address}\n`);
  await openssl(
    "x509",
    "-req",
    "-in",
    "server.csr",
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-days",
    "2",
    "-extfile",
    "server.ext",
    "-out",
    "server.pem",
  );
  return { ca: file("ca.pem"), certificate: file("server.pem"), key: file("server.key") };
}

async function answers(host: string, port: number): Promise<boolean> {
  const socket = createConnection({ host, port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
