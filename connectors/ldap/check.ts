import { randomUUID } from "node:crypto";
import { type Call, type Check, SystemError, startChecks } from "../connector.ts";
import { ensureSees, ensureSight } from "./accounts.ts";
import { type Directory, type Options, withDirectory } from "./client.ts";
import { escapeDnValue } from "./dn.ts";
import { RESULT, resultCode } from "./failure.ts";
import type { Condition } from "./filter.ts";

/** Says with the real credential what works and what an operator should change. Nothing in the directory changes. */
export async function check(options: Options, call: Call): Promise<Check[]> {
  const { checks, attempt } = startChecks();
  const { baseDn, groupsDn = baseDn } = options;
  await attempt("bind", "check LDAP_URL, LDAP_CA_FILE, LDAP_BIND_DN and LDAP_PASSWORD", () =>
    withDirectory(options, call, async (directory) => {
      checks.push({ name: "connection", ok: true, detail: transport(options) });
      await attempt("base", "check LDAP_BASE_DN and LDAP_GROUPS_DN, and that the bind DN may read there", async () => {
        await ensureSight(directory);
        return groupsDn === baseDn ? baseDn : `${baseDn}, groups in ${groupsDn}`;
      });
      const { people, groups } = directory.dialect;
      await attempt("people", "let the bind DN read people and their attributes", async () => {
        await ensureSees(directory, people, baseDn);
        const attribute = options.kind === "openldap" ? options.disableAttribute : "userAccountControl";
        await ensureMayChange(directory, people, baseDn, attribute, options.disableValue);
        return `${attribute} may be changed`;
      });
      await attempt("groups", "let the bind DN read groups and change their members", async () => {
        await ensureSees(directory, groups, groupsDn);
        const nobody = `cn=${escapeDnValue(`signoff-probe-${randomUUID()}`)},${baseDn}`;
        await ensureMayChange(directory, groups, groupsDn, "member", nobody);
        return "members may be changed";
      });
      return `as ${options.bindDn}`;
    }),
  );
  return checks;
}

function transport({ url, plaintext }: Options): string {
  if (url.startsWith("ldaps:")) return "TLS, certificate verified";
  return plaintext ? "not encrypted, as configured" : "StartTLS, certificate verified";
}

/**
 * Asks for the right to change an attribute without changing anything. Active Directory tells; OpenLDAP checks rights
 * before values, so removing a value that nobody has is refused for one reason or the other.
 */
async function ensureMayChange(
  directory: Directory,
  what: Condition,
  base: string,
  attribute: string,
  value: string,
): Promise<void> {
  const right = "allowedAttributesEffective";
  const found = await directory.search({ base, scope: "sub", filter: what, attributes: [right, attribute], enough: 1 });
  const [entry] = found;
  if (!entry) return;
  if (directory.dialect.kind === "active-directory") {
    if (entry.texts(right).some((name) => name.toLowerCase() === attribute.toLowerCase())) return;
    throw new SystemError({ code: "forbidden", scope: `to change ${attribute} of ${entry.dn}` });
  }
  if (entry.texts(attribute).includes(value)) return;
  try {
    await directory.modify(entry.dn, [{ operation: "delete", attribute, values: [value] }]);
  } catch (error) {
    const code = resultCode(error);
    if (code === RESULT.noSuchAttribute) return;
    if (code !== RESULT.undefinedType) throw error;
    const reason = `it knows no attribute ${attribute}: load what defines it, or set LDAP_DISABLE_ATTRIBUTE`;
    throw new SystemError({ code: "refused", reason }, { cause: error });
  }
}
