import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { Attribute, Change, Client, PagedResultsControl } from "ldapts";
import { z } from "zod";
import { type Call, type Secret, SystemError } from "../connector.ts";
import { type Dialect, dialectOf } from "./dialect.ts";
import { type Entry, entryOf } from "./entry.ts";
import { asSystemError, RESULT, resultCode } from "./failure.ts";
import { type Condition, filterOf } from "./filter.ts";

/** What index.ts parsed. */
export interface Options {
  readonly name: string;
  readonly url: string;
  readonly bindDn: string;
  readonly password: Secret;
  readonly baseDn: string;
  readonly groupsDn?: string | undefined;
  readonly kind: "openldap" | "active-directory";
  readonly caFile?: string | undefined;
  readonly plaintext: boolean;
  readonly pageSize: number;
  readonly disableAttribute: string;
  readonly disableValue: string;
  readonly keyAttribute: string;
  readonly privilegedGroups: readonly string[];
}

export interface Search {
  readonly base: string;
  readonly scope: "base" | "sub";
  readonly filter?: Condition;
  readonly attributes: readonly string[];
  /** Enough entries to know; without it all of them are wanted. */
  readonly enough?: number;
}

/** One change of an attribute's values. `replace` with no value removes the attribute. */
export interface Modification {
  readonly operation: "add" | "delete" | "replace";
  readonly attribute: string;
  readonly values: readonly (string | Buffer)[];
}

/** One bound connection, for one call. Everything it throws is a SystemError. */
export interface Directory {
  readonly system: string;
  readonly options: Options;
  readonly dialect: Dialect;
  readonly call: Call;
  /** Servers that a search referred to and that were not asked. */
  readonly referrals: ReadonlySet<string>;
  /** Complete or an error. A base that does not exist, or is hidden from us, has no entries. */
  search(search: Search): Promise<readonly Entry[]>;
  /**
   * Asks the server whether an entry has a value, by its own rules of matching (RFC 4511, section 4.10). Unlike a search
   * it tells a missing right (an error) from a missing value.
   */
  compare(dn: string, attribute: string, value: string): Promise<boolean>;
  /** All changes or none. Throws with the server's result code. */
  modify(dn: string, modifications: readonly Modification[]): Promise<void>;
}

/** Milliseconds. */
const CONNECT_TIMEOUT = 10_000;
const ANSWER_TIMEOUT = 60_000;

/** Opens a connection, binds, does the work and closes it, whatever happens. */
export async function withDirectory<T>(
  options: Options,
  call: Call,
  work: (directory: Directory) => Promise<T>,
): Promise<T> {
  call.signal.throwIfAborted();
  const client = new Client({
    url: options.url,
    timeout: ANSWER_TIMEOUT,
    connectTimeout: CONNECT_TIMEOUT,
    ...(isSecure(options) ? { tlsOptions: await tlsOptions(options) } : {}),
  });
  const stop = () => void client.unbind().catch(() => {});
  call.signal.addEventListener("abort", stop, { once: true });
  try {
    await bind(client, options, call);
    return await work(directoryOf(client, options, call));
  } catch (error) {
    call.signal.throwIfAborted();
    throw error;
  } finally {
    call.signal.removeEventListener("abort", stop);
    // The answer, or the failure, is known by now; a connection that will not close changes neither.
    await client.unbind().catch(() => {});
  }
}

function isSecure(options: Options): boolean {
  return new URL(options.url).protocol === "ldaps:";
}

/** Certificates are always verified, also where the environment says otherwise. */
async function tlsOptions(options: Options): Promise<ConnectionOptions> {
  const host = new URL(options.url).hostname.replace(/^\[|\]$/g, "");
  const name = isIP(host) ? {} : { servername: host };
  if (options.caFile === undefined) return { host, ...name, rejectUnauthorized: true };
  try {
    return { host, ...name, rejectUnauthorized: true, ca: await readFile(options.caFile) };
  } catch {
    throw new SystemError({ code: "refused", reason: `the file of its certificate authority cannot be read` });
  }
}

async function bind(client: Client, options: Options, call: Call): Promise<void> {
  try {
    if (!isSecure(options) && !options.plaintext) await client.startTLS(await tlsOptions(options));
    await client.bind(options.bindDn, options.password.reveal());
  } catch (error) {
    throw asSystemError(error, call.now());
  }
}

function directoryOf(client: Client, options: Options, call: Call): Directory {
  const referrals = new Set<string>();
  const stoppedShort = watchPages(client);
  // ldapts connects again by itself, without a bind: an anonymous search finds nothing, which would look like "gone".
  const send = async <T>(request: () => Promise<T>): Promise<T> => {
    call.signal.throwIfAborted();
    if (!client.isBound) throw new SystemError({ code: "unreachable" });
    try {
      return await request();
    } catch (error) {
      throw asSystemError(error, call.now());
    }
  };
  const directory: Directory = {
    system: systemId(options),
    options,
    dialect: dialectOf(options),
    call,
    referrals,
    async search({ base, scope, filter, attributes, enough }) {
      const result = await send(() =>
        client.search(base, {
          scope,
          ...(filter ? { filter: filterOf(filter) } : {}),
          attributes: [...attributes],
          explicitBufferAttributes: [...attributes],
          paged: scope === "sub" && enough === undefined ? { pageSize: options.pageSize } : false,
          ...(enough === undefined ? {} : { sizeLimit: enough }),
        }),
      ).catch((error: unknown) => {
        if (resultCode(error) === RESULT.noSuchObject) return undefined;
        throw error;
      });
      if (stoppedShort()) throw new SystemError({ code: "unreachable" });
      for (const referral of result?.searchReferences ?? []) referrals.add(referral);
      const entries = (result?.searchEntries ?? []).map(entryOf);
      return Promise.all(entries.map((entry) => completed(directory, entry, attributes)));
    },
    compare: (dn, attribute, value) =>
      send(() => client.compare(dn, attribute, value)).catch((error: unknown) => {
        const code = resultCode(error);
        if (code === RESULT.noSuchAttribute || code === RESULT.undefinedType) return false;
        throw error;
      }),
    modify: (dn, modifications) => send(() => client.modify(dn, modifications.map(changeOf))),
  };
  return directory;
}

/** Reads on where a server gave a part of an attribute only ([MS-ADTS] 3.1.1.3.1.3.3: 1,500 values at a time). */
async function completed(directory: Directory, entry: Entry, attributes: readonly string[]): Promise<Entry> {
  if (attributes.every((name) => entry.rest(name) === undefined)) return entry;
  const whole: Record<string, Buffer[]> = {};
  for (const attribute of attributes) {
    const values = [...entry.bytes(attribute)];
    let from = entry.rest(attribute);
    while (from !== undefined) {
      const part = [`${attribute};range=${from}-*`];
      const [more] = await directory.search({ base: entry.dn, scope: "base", attributes: part });
      if (!more || more.bytes(attribute).length === 0) {
        throw new SystemError({
          code: "conflict",
          blockers: [`${attribute} of ${entry.dn} changed while it was read`],
        });
      }
      values.push(...more.bytes(attribute));
      from = more.rest(attribute);
    }
    whole[attribute] = values;
  }
  return entryOf({ ...whole, dn: entry.dn });
}

/** The parts of an answer to a search by which an unfinished list is known. */
const Page = z.object({ searchEntries: z.array(z.unknown()), controls: z.array(z.unknown()) });

/**
 * Tells whether the last search ended at an empty page although the server had more: RFC 2696 allows such pages, and
 * ldapts takes the first one as the end. Its answers are watched on their way, since it shows nobody their controls.
 */
function watchPages(client: Client): () => boolean {
  const send: unknown = Reflect.get(client, "_send");
  if (typeof send !== "function") throw new TypeError("this version of ldapts does not show its answers");
  let short = false;
  Reflect.set(client, "_send", async (...request: unknown[]) => {
    const answer: unknown = await Reflect.apply(send, client, request);
    const page = Page.safeParse(answer);
    if (page.success) {
      const more = page.data.controls.some((one) => one instanceof PagedResultsControl && one.value?.cookie?.length);
      short ||= more && page.data.searchEntries.length === 0;
    }
    return answer;
  });
  return () => short;
}

function changeOf({ operation, attribute, values }: Modification): Change {
  const buffers = values.map((value) => Buffer.from(value));
  return new Change({ operation, modification: new Attribute({ type: attribute, values: buffers }) });
}

/** `ldap:corp`. */
export function systemId(options: Pick<Options, "name">): string {
  return `ldap:${options.name}`;
}
