// Times as the viewer's own clock shows them: the zone is the invented person's, not that of this machine.

export function dateOfTs(ts: string): Date {
  return new Date(Number(ts.split(".")[0]) * 1000);
}

export function clock(date: Date, zone: string): string {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone }).format(date);
}

export function longTime(date: Date, zone: string): string {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long", timeZone: zone }).format(date);
}

export function dayKey(date: Date, zone: string): string {
  return new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone: zone }).format(date);
}

export function dayName(date: Date, zone: string, now: Date): string {
  const key = dayKey(date, zone);
  if (key === dayKey(now, zone)) return "Today";
  if (key === dayKey(new Date(now.getTime() - 86_400_000), zone)) return "Yesterday";
  return new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", timeZone: zone }).format(
    date,
  );
}

/** `<!date^…>` tokens: https://docs.slack.dev/messaging/formatting-message-text#date-formatting */
export function formatToken(seconds: number, format: string, zone: string): string {
  const date = new Date(seconds * 1000);
  const by = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }).format(date);
  const long = by({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const medium = by({ day: "numeric", month: "long", year: "numeric" });
  const short = by({ day: "numeric", month: "short", year: "numeric" });
  const pretty = (plain: string) => {
    const name = dayName(date, zone, new Date());
    return name === "Today" || name === "Yesterday" ? name.toLowerCase() : plain;
  };
  return format
    .replaceAll("{date_num}", dayKey(date, zone))
    .replaceAll("{date_short_pretty}", pretty(short))
    .replaceAll("{date_long_pretty}", pretty(long))
    .replaceAll("{date_pretty}", pretty(medium))
    .replaceAll("{date_short}", short)
    .replaceAll("{date_long}", long)
    .replaceAll("{date_slash}", by({ day: "2-digit", month: "2-digit", year: "numeric" }))
    .replaceAll("{date}", medium)
    .replaceAll("{time_secs}", by({ hour: "2-digit", minute: "2-digit", second: "2-digit" }))
    .replaceAll("{time}", clock(date, zone))
    .replaceAll("{ago}", ago(date));
}

function ago(date: Date): string {
  const minutes = Math.round((date.getTime() - Date.now()) / 60_000);
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  if (Math.abs(minutes) < 60) return words.format(minutes, "minute");
  if (Math.abs(minutes) < 60 * 24) return words.format(Math.round(minutes / 60), "hour");
  return words.format(Math.round(minutes / 60 / 24), "day");
}
