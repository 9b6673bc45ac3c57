/** Whether this is an IANA zone, such as `Europe/Berlin`, that this machine knows. */
export function isZone(name: string): boolean {
  // Offsets such as +02:00 would be taken too, and follow no summer time.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
