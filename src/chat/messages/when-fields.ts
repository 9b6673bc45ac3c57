import { AT, NOW } from "../forms.ts";
import type { Field, Part } from "../message.ts";
import { shownAs } from "./words.ts";

// When access ends, as a dialog asks for it: the same question wherever a time is set or moved.

/** When a command said that it should be, and what is to be checked of it. */
export type SaidWhen = { readonly notes: readonly string[] } & (
  | { readonly kind: "nothing" | "now" }
  | { readonly kind: "at"; readonly date: string; readonly time: string; readonly at: Date }
);

/** Reads back what was said, and what can be wrong with it. */
export function saidParts(said: SaidWhen, zone: string): Part[] {
  return [
    ...(said.kind === "at" ? [{ kind: "text", text: ["You said ", { time: said.at, zone }, "."] } as const] : []),
    ...(said.notes.length === 0
      ? []
      : [
          {
            kind: "list",
            title: [{ bold: "Please check" }],
            items: said.notes.map((note) => [shownAs(note)]),
          } as const,
        ]),
  ];
}

/** Now, or a date and a time; what was said stands there already, else what is proposed. */
export function whenFields(
  ids: { readonly when: string; readonly date: string; readonly time: string },
  said: SaidWhen,
  proposed: { readonly date: string; readonly time: string; readonly hint: string },
): Field[] {
  return [
    {
      id: ids.when,
      label: "When does access end?",
      input: "choice",
      look: "radio",
      options: [
        { value: AT, label: "At the date and time below" },
        { value: NOW, label: "Now", hint: "As soon as the plan is approved" },
      ],
      initial: said.kind === "now" ? NOW : AT,
    },
    {
      id: ids.date,
      label: "Date",
      input: "date",
      initial: said.kind === "at" ? said.date : proposed.date,
      optional: true,
    },
    {
      id: ids.time,
      label: "Time",
      hint: proposed.hint,
      input: "time",
      initial: said.kind === "at" ? said.time : proposed.time,
      optional: true,
    },
  ];
}
