/** Where a host is reached. */
export interface HostAddress {
  /** Its name, or else its address as it was written; part of the id of its grants: `web1`, `web1.example.com:2222`. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
}

/** Reads `web1`, `web1:2222`, `2001:db8::1`, `[2001:db8::1]:2222`, each with a name in front if it has one: `web1=192.0.2.7`. */
export function parseHost(text: string): HostAddress | undefined {
  const [, named, address = ""] = /^(?:([a-z0-9][a-z0-9._-]*)=)?(.*)$/is.exec(text) ?? [];
  const [, six, name, bare, port] =
    /^(?:\[([0-9a-f:.%\w]+)\]|([a-z0-9][a-z0-9._-]*)|([0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*))(?::(\d{1,5}))?$/i.exec(
      address,
    ) ?? [];
  const host = six ?? name ?? bare;
  if (host === undefined || Number(port ?? 22) > 65535 || Number(port ?? 22) === 0) return undefined;
  return { id: named ?? address, host, port: Number(port ?? 22) };
}

/** Lets so many works run at once; the others wait in line. */
export function openGate(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
