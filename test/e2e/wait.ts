/** Waits until something holds, looking a few times a second; throws if it does not in time. */
export async function waitUntil(holds: () => Promise<boolean>, milliseconds = 90_000, every = 200): Promise<void> {
  for (const end = Date.now() + milliseconds; Date.now() < end; ) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, every));
  }
  throw new Error("it did not come true in time");
}
