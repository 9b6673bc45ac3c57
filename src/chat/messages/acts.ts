import type { Message } from "../message.ts";
import { shownTime } from "../shown-time.ts";
import { button, only, withButtons } from "./words.ts";

/** Who turned the switch, and when. */
export interface TurnView {
  readonly by: string;
  readonly at: Date;
}

/** Whether acts are paused, as the log says it. `turn` is the newest word about it. */
export interface ActsView {
  readonly kind: "running" | "paused" | "unproven";
  readonly turn?: TurnView;
}

/** To approvers and operators; nothing if nobody ever paused. */
export function actsMessage({ kind, turn }: ActsView): Message | undefined {
  if (kind === "unproven")
    return only("Signoff does nothing: the log does not vouch for the newest pause or resumption. Tell your operator.");
  if (!turn) return undefined;
  if (kind === "running")
    return only(
      { bold: "Resumed" },
      ` by ${turn.by}, `,
      { time: turn.at, zone: "UTC" },
      ". Cases go on where they were.",
    );
  return withButtons(
    [
      { bold: "Paused" },
      ` by ${turn.by}, `,
      { time: turn.at, zone: "UTC" },
      ". Nothing is taken and no work is moved, in any case. What was under way at that instant ends. Cases can still be opened, read and decided. Somebody other than who paused lifts it: ",
      { code: "/offboard resume" },
      ".",
    ],
    button(
      "Resume",
      { kind: "resume" },
      {
        confirm: {
          title: "Resume",
          text: "Every case goes on: approved access is taken, and accepted work is moved.",
          yes: "Resume",
          no: "Back",
        },
      },
    ),
  );
}

/** The line that a case's message has while acts are paused. */
export function pausedNote({ kind, turn }: ActsView): string[] {
  if (kind === "running") return [];
  if (!turn) return ["Nothing is taken: the log does not vouch for the newest pause or resumption."];
  return [`Paused by ${turn.by}, ${shownTime(turn.at, "UTC")}: nothing is taken until somebody else resumes it.`];
}

/** What came of pausing or resuming, to who asked. */
export function actsAnswer(
  answer:
    | { readonly kind: "paused" | "resumed" | "running" | "second-needed" | "unproven" }
    | { readonly kind: "already-paused"; readonly by: string; readonly at: Date },
): Message {
  switch (answer.kind) {
    case "paused":
      return only(
        "Paused. From this instant nothing is taken and no work is moved, in any case. Somebody else lifts it: ",
        { code: "/offboard resume" },
        ".",
      );
    case "already-paused":
      return only(
        `It was already paused by ${answer.by}, `,
        { time: answer.at, zone: "UTC" },
        ". Nothing was changed.",
      );
    case "resumed":
      return only("Resumed. Deadlines moved by as long as it was paused.");
    case "running":
      return only("Nothing is paused. Nothing was changed.");
    case "second-needed":
      return only("You paused it, so somebody else has to resume it: an approver or an operator. Nothing was changed.");
    case "unproven":
      return only(
        "The log does not vouch for the newest pause or resumption, so nothing was changed. Tell your operator.",
      );
    default:
      return answer satisfies never;
  }
}
