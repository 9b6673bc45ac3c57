import type { AddressInfo } from "node:net";
import { App, LogLevel, type types } from "@slack/bolt";
import type { Gate } from "../sandbox/gate.ts";

// A bot that says and asks a little of everything, so that the chat page can be tested without Signoff.

/** A bot behind a gate, with what it was told. */
export interface FakeBot {
  readonly url: string;
  /** Texts of commands, as they came. */
  readonly commands: readonly string[];
  /** Answers of dialogs that were taken. */
  readonly answers: readonly unknown[];
  readonly presses: readonly string[];
  close(): Promise<void>;
}

const plain = (text: string): types.PlainTextElement => ({ type: "plain_text", text });
const marked = (text: string): types.MrkdwnElement => ({ type: "mrkdwn", text });
const option = (value: string): types.PlainTextOption => ({ text: plain(value), value });

/** A plan with every block a bot of ours posts. */
export function planBlocks(state: string): types.KnownBlock[] {
  return [
    { type: "header", text: plain("Plan for Alice") },
    {
      type: "section",
      fields: [marked("*Due*\n<!date^1796058000^{date_short} {time}|later>"), marked(`*State*\n${state}`)],
    },
    { type: "section", text: marked("*GitHub*\n• team `payments`\n• <https://acme.example/x|acme/ledger>") },
    { type: "divider" },
    { type: "context", elements: [marked("Two approvers are needed.")] },
    {
      type: "actions",
      elements: [
        {
          type: "button",
          action_id: "approve",
          text: plain("Approve"),
          style: "primary",
          value: "p1",
          confirm: {
            title: plain("Approve?"),
            text: plain("It cannot be undone."),
            confirm: plain("Yes"),
            deny: plain("No"),
          },
        },
        { type: "button", action_id: "why", text: plain("Why"), value: "p1" },
        {
          type: "static_select",
          action_id: "choose",
          placeholder: plain("Choose one"),
          options: [option("first"), option("second")],
        },
      ],
    },
  ];
}

function dialog(): types.ModalView {
  const input = (
    id: string,
    label: string,
    element: types.InputBlock["element"],
    more: object = {},
  ): types.InputBlock => {
    return { type: "input", block_id: id, label: plain(label), element, ...more };
  };
  const a = { action_id: "answer" };
  return {
    type: "modal",
    callback_id: "all",
    title: plain("One of each"),
    submit: plain("Send"),
    close: plain("Leave"),
    blocks: [
      { type: "section", text: marked("About *Alice*.") },
      input("radio", "Radio", { type: "radio_buttons", ...a, options: [option("now"), option("later")] }),
      input("checks", "Checks", { type: "checkboxes", ...a, options: [option("red"), option("blue")] }),
      input("menu", "Menu", { type: "static_select", ...a, options: [option("one"), option("two")] }),
      input(
        "many",
        "Many",
        { type: "multi_static_select", ...a, options: [option("x"), option("y")] },
        { optional: true },
      ),
      input("person", "Person", { type: "users_select", ...a }),
      input("date", "Date", { type: "datepicker", ...a, initial_date: "2026-11-30" }),
      input("time", "Time", { type: "timepicker", ...a }),
      input("line", "Line", { type: "plain_text_input", ...a, max_length: 20 }, { hint: plain("A short one.") }),
      input("lines", "Lines", { type: "plain_text_input", ...a, multiline: true }, { optional: true }),
    ],
  };
}

/** Starts it on a free port. */
export async function startFakeBot(gate: Gate, signingSecret: string): Promise<FakeBot> {
  const commands: string[] = [];
  const answers: unknown[] = [];
  const presses: string[] = [];
  const app = new App({
    token: gate.slack.botToken,
    signingSecret,
    clientOptions: { slackApiUrl: gate.apiUrl },
    logLevel: LogLevel.ERROR,
  });
  app.command("/offboard", async ({ ack, command, client }) => {
    await ack();
    commands.push(command.text);
    await client.views.open({ trigger_id: command.trigger_id, view: dialog() });
  });
  app.command("/audit", async ({ ack, command, respond }) => {
    await ack();
    commands.push(command.text);
    await respond({ text: "Nothing was done yet.", response_type: "ephemeral" });
  });
  app.view("all", async ({ ack, view }) => {
    if (view.state.values["line"]?.["answer"]?.value === "wrong") {
      return ack({ response_action: "errors", errors: { line: "That is wrong." } });
    }
    answers.push(view.state.values);
    await ack();
  });
  app.action("approve", async ({ ack, body, client }) => {
    await ack();
    presses.push("approve");
    if (body.type !== "block_actions" || body.channel === undefined || body.message === undefined) return;
    const blocks = planBlocks(`Approved by <@${body.user.id}>`);
    await client.chat.update({ channel: body.channel.id, ts: String(body.message["ts"]), text: "Plan", blocks });
  });
  app.action("why", async ({ ack, respond }) => {
    await ack();
    await respond({ text: "Because she leaves.", replace_original: false });
  });
  app.action("choose", async ({ ack, action }) => {
    await ack();
    if (action.type === "static_select") presses.push(action.selected_option.value);
  });
  const server = await app.start({ port: 0, host: "127.0.0.1" });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/slack/events`,
    commands,
    answers,
    presses,
    close: async () => {
      await app.stop();
    },
  };
}
