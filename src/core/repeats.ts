/** How long a trouble that goes on stays unsaid before it is said again, in milliseconds. */
const QUIET_MS = 60_000;

/**
 * Remembers what was said, so that a trouble of hours is a line a minute and not many a second. The function it gives takes
 * what is to be said: how often it came unsaid since the last time, or nothing while it should stay unsaid.
 */
export function repeats(now: () => Date): (what: string) => number | undefined {
  const said = new Map<string, { at: number; unsaid: number }>();
  return (what) => {
    const at = now().getTime();
    const before = said.get(what);
    if (before && at - before.at < QUIET_MS) {
      before.unsaid += 1;
      return undefined;
    }
    // What has been quiet for long is forgotten, however many different things there are.
    for (const [key, one] of said) if (at - one.at >= 2 * QUIET_MS) said.delete(key);
    said.set(what, { at, unsaid: 0 });
    return before?.unsaid ?? 0;
  };
}
