// What Slack refuses above (https://docs.slack.dev/reference/block-kit/blocks, …/block-elements and …/views), in UTF-16
// units, which is never less than what Slack counts. One text too long makes it refuse the whole message.
export const LIMITS = {
  messageBlocks: 50,
  viewBlocks: 100,
  sectionText: 3000,
  fields: 10,
  fieldText: 2000,
  contextText: 2000,
  header: 150,
  buttonText: 75,
  buttonSpoken: 75,
  buttonValue: 2000,
  /** We show no more in a row; Slack takes 25. */
  buttonsInRow: 5,
  confirmTitle: 100,
  confirmText: 300,
  confirmButton: 30,
  optionLabel: 75,
  optionHint: 75,
  optionValue: 150,
  options: 100,
  radioOptions: 10,
  viewTitle: 24,
  inputLabel: 2000,
  inputText: 3000,
  privateMetadata: 3000,
  fault: 300,
  /** All texts of one message together, and what each block counts besides: undocumented, see slackapi/bolt-js#2509. */
  messageText: 12_000,
  shareOfBlock: 10,
} as const;
