/** Where a host is reached. */
export interface HostAddress {
  /** As the configuration writes it; part of the id of its grants: `web1.example.com`, `web1.example.com:2222`. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
}

/** Reads `web1`, `web1:2222`, `2001:db8::1`, `[2001:db8::1]:2222`. */
export function parseHost(text: string): HostAddress | undefined {
  const [, six, name, bare, port] =
    /^(?:\[([0-9a-f:.%\w]+)\]|([a-z0-9][a-z0-9._-]*)|([0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*))(?::(\d{1,5}))?$/i.exec(text) ??
    [];
  const host = six ?? name ?? bare;
  if (host === undefined || Number(port ?? 22) > 65535 || Number(port ?? 22) === 0) return undefined;
  return { id: text, host, port: Number(port ?? 22) };
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
