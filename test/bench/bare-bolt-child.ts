import { App, ExpressReceiver } from "@slack/bolt";
import express from "express";

// The least that any Slack app does to acknowledge: Bolt checks the signature, and nothing else happens.

const receiver = new ExpressReceiver({
  signingSecret: process.env["SLACK_SIGNING_SECRET"] ?? "",
  endpoints: "/slack/events",
  app: express(),
});
const app = new App({ receiver, authorize: async () => ({ botToken: "xoxb-bare", botId: "B1", botUserId: "U1" }) });
app.command(/.*/, ({ ack }) => ack());
app.action(/.*/, ({ ack }) => ack());
await app.start({ port: Number(process.env["PORT"]), host: "127.0.0.1" });
process.stdout.write("ready\n");
