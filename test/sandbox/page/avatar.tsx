import type { Person } from "./types.ts";

const HUES = [164, 212, 262, 330, 18, 42, 190, 290, 128, 350];

/** Initials on a colour of one's own; apps have a mark instead. */
export function Avatar({ person, size }: { readonly person: Person; readonly size: "small" | "medium" | "large" }) {
  const hue = HUES[[...person.handle].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % HUES.length];
  return (
    <span
      className={`avatar avatar-${size} ${person.kind === "bot" ? "avatar-bot" : ""}`}
      style={{ "--hue": hue } as React.CSSProperties}
      aria-hidden="true"
    >
      {person.kind === "bot" ? <BotMark /> : initials(person.name)}
    </span>
  );
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== "");
  const first = [...(words[0] ?? "?")][0] ?? "?";
  const last = words.length > 1 ? ([...(words.at(-1) ?? "")][0] ?? "") : "";
  return /\p{Script=Han}/u.test(name) ? (words[0] ?? first) : (first + last).toUpperCase();
}

function BotMark() {
  return (
    <svg
      viewBox="0 0 24 24"
      width="62%"
      height="62%"
      fill="none"
      stroke="currentColor"
      strokeWidth="2.2"
      aria-hidden="true"
    >
      <path d="M12 3l7 3v5.5c0 4.4-3 7.7-7 9.5-4-1.8-7-5.1-7-9.500V6z" strokeLinejoin="round" />
      <path d="M8.8 12.200l2.3 2.3 4.2-4.7" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
