// What Teams refuses above, as people report it: the documented limit is 28 KB for the whole activity, and cards from 25 KB
// on were refused (microsoft/BotFramework-Services#228, MicrosoftDocs/msteams-docs#6659). Counted in bytes of UTF-8, since
// that is what is sent.
export const LIMITS = {
  /** The whole activity as JSON. */
  activityBytes: 20_000,
  /** After Teams refused even that. */
  smallerBytes: 10_000,
  heading: 200,
  text: 3000,
  line: 600,
  field: 2000,
  buttonText: 75,
  buttonsInRow: 5,
  /** One button's data. */
  buttonBytes: 2000,
  title: 60,
  options: 100,
  optionLabel: 150,
  inputText: 3000,
  carried: 3000,
  /** The text of a short answer beside a card. */
  answer: 1000,
} as const;

/** How many bytes a value takes in JSON. */
export function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
