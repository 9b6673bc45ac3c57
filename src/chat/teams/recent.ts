/** How long a repeated delivery is known: Teams sends an activity again after 15 seconds, up to three times. */
const KNOWN_MS = 2 * 60_000;

/** Does work once an id: who comes again meanwhile gets the same answer. After a restart the database knows what was done. */
export function recentOnes(
  now: () => Date,
): <T>(id: string, work: () => Promise<T>) => { readonly answer: Promise<T>; readonly isNew: boolean } {
  const known = new Map<string, { readonly answer: Promise<unknown>; readonly at: number }>();
  return <T>(id: string, work: () => Promise<T>) => {
    const at = now().getTime();
    for (const [old, entry] of known) {
      if (at - entry.at < KNOWN_MS) break;
      known.delete(old);
    }
    const standing = known.get(id);
    if (standing) return { answer: standing.answer as Promise<T>, isNew: false };
    const answer = work();
    known.set(id, { answer, at });
    return { answer, isNew: true };
  };
}
