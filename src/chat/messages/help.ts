import type { Message, Rich } from "../message.ts";
import type { Verb } from "../verbs.ts";

/** What each word after the command does: one line a word, or with a neighbour's. */
const LINES: Readonly<Record<Verb, Rich>> = {
  list: [{ code: "/offboard list" }, " shows every open case that you may see."],
  status: [{ code: "/offboard status @alice" }, " shows one of them with its buttons."],
  cancel: [
    { code: "/offboard cancel @alice" },
    " shows it with the button that takes it back before anything is taken.",
  ],
  reschedule: [{ code: "/offboard reschedule @alice Monday 9am" }, " moves its time: a dialog reads it back first."],
  undo: [
    { code: "/offboard undo @alice" },
    " asks that what her closed case took be given back, as far as it can be. A second approver does the same.",
  ],
  pause: [{ code: "/offboard pause" }, " stops every act in every case at once."],
  resume: [{ code: "/offboard resume" }, " by somebody else lifts it."],
  help: [{ code: "/offboard help" }, " shows this."],
};

/** How the commands are used. */
export function helpMessage(command: string, surface: "slack" | "teams" = "slack"): Message {
  const offboard: Rich[] = [
    [
      { code: "/offboard @alice" },
      " starts a case: a dialog asks when and how. A time may follow: ",
      { code: "/offboard @alice Friday 6pm" },
      ". Nothing is taken before it is approved.",
    ],
    ...Object.values(LINES),
  ];
  const audit: Rich[] = [
    [
      { code: "/audit @alice" },
      " shows what the log holds. An e-mail or login works too, also for people who left long ago. Filter by words after it: ",
      { code: "/audit @alice github failed since monday" },
      ".",
    ],
  ];
  const items = command === "/audit" ? [...audit, ...offboard] : [...offboard, ...audit];
  return {
    summary: "How to use Signoff",
    parts: [
      { kind: "list", items: surface === "teams" ? items.map(asMentions) : items },
      { kind: "note", text: ["What you may do depends on your role. Answers to commands are seen by you alone."] },
    ],
  };
}

/** Where the bot is mentioned there is no slash command: `@Signoff offboard @alice`, `@Signoff list`. */
function asMentions(line: Rich): Rich {
  const verbs = Object.keys(LINES).join("|");
  const slash = new RegExp(`^/offboard (?=(${verbs})\\b)|^/`);
  return line.map((span) =>
    typeof span === "object" && "code" in span ? { code: span.code.replace(slash, "@Signoff ") } : span,
  );
}
