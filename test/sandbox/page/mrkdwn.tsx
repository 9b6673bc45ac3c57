import type { ReactNode } from "react";
import { personOf, useChat } from "./chat.ts";
import { formatToken } from "./time.ts";
import type { State, Text } from "./types.ts";

/** A text object of Block Kit. */
export function RichText({ text }: { readonly text: Text }) {
  return text.type === "mrkdwn" ? <Mrkdwn text={text.text} /> : plain(text.text);
}

/** Slack's mark-up: https://docs.slack.dev/messaging/formatting-message-text */
export function Mrkdwn({ text }: { readonly text: string }) {
  const { state } = useChat();
  return <>{blocks(text, state)}</>;
}

// Code fences first, since nothing inside them means anything; then quotes by line; then what stands in a line.
function blocks(text: string, state: State): ReactNode[] {
  return text.split(/```/).map((piece, at) => {
    const key = `f${at}`;
    if (at % 2 === 1) {
      return (
        <pre key={key} className="code-block">
          {unescaped(piece.replace(/^\n/, ""))}
        </pre>
      );
    }
    // The line break that ends a fence is the fence's own.
    return <span key={key}>{lines(at > 0 ? piece.replace(/^\n/, "") : piece, state)}</span>;
  });
}

function lines(text: string, state: State): ReactNode[] {
  const out: ReactNode[] = [];
  let quoted: string[] = [];
  const flush = () => {
    if (quoted.length === 0) return;
    out.push(<blockquote key={`q${out.length}`}>{inline(quoted.join("\n"), state)}</blockquote>);
    quoted = [];
  };
  for (const [at, line] of text.split("\n").entries()) {
    if (/^(&gt;|>) ?/.test(line)) {
      quoted.push(line.replace(/^(&gt;|>) ?/, ""));
      continue;
    }
    if (quoted.length > 0) flush();
    else if (at > 0) out.push(<br key={`b${out.length}`} />);
    const item = /^(\s*)[•◦] (.*)$/.exec(line);
    if (item !== null) {
      out.push(
        <span className="bullet" key={`i${out.length}`}>
          {inline(item[2] ?? "", state)}
        </span>,
      );
      continue;
    }
    out.push(<span key={`l${out.length}`}>{inline(line, state)}</span>);
  }
  flush();
  return out;
}

const TOKEN =
  /`([^`\n]+)`|<([^<>\n]+)>|(?<![\p{L}\p{N}*])\*(\S(?:[^*\n]*?\S)?)\*(?![\p{L}\p{N}*])|(?<![\p{L}\p{N}_])_(\S(?:[^_\n]*?\S)?)_(?![\p{L}\p{N}_])|(?<![\p{L}\p{N}~])~(\S(?:[^~\n]*?\S)?)~(?![\p{L}\p{N}~])/gu;

function inline(text: string, state: State): ReactNode[] {
  const out: ReactNode[] = [];
  let last = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > last) out.push(plain(unescaped(text.slice(last, match.index))));
    last = match.index + match[0].length;
    const key = `t${match.index}`;
    const [, code, token, bold, italic, strike] = match;
    if (code !== undefined) out.push(<code key={key}>{unescaped(code)}</code>);
    else if (token !== undefined) out.push(<Token key={key} token={token} state={state} />);
    else if (bold !== undefined) out.push(<strong key={key}>{inline(bold, state)}</strong>);
    else if (italic !== undefined) out.push(<em key={key}>{inline(italic, state)}</em>);
    else if (strike !== undefined) out.push(<del key={key}>{inline(strike, state)}</del>);
  }
  if (last < text.length) out.push(plain(unescaped(text.slice(last))));
  return out;
}

function Token({ token, state }: { readonly token: string; readonly state: State }) {
  const [target = "", label] = split(token);
  if (target.startsWith("@")) {
    const person = personOf(state, target.slice(1));
    const own = person.id === state.you.id;
    return <span className={own ? "mention mention-you" : "mention"}>@{person.name}</span>;
  }
  if (target.startsWith("#")) {
    const found = state.conversations.find((one) => one.id === target.slice(1));
    return <span className="mention">#{found?.name ?? label ?? "private channel"}</span>;
  }
  if (target.startsWith("!date^")) {
    const [, seconds = "0", format = "{date} {time}"] = target.split("^");
    const at = new Date(Number(seconds) * 1000);
    return (
      <time dateTime={at.toISOString()} title={unescaped(label ?? "")}>
        {formatToken(Number(seconds), unescaped(format), state.you.zone)}
      </time>
    );
  }
  if (target.startsWith("!")) {
    const name = target.slice(1).split("^")[0];
    return <span className="mention mention-you">@{label ?? name}</span>;
  }
  if (/^(https?|mailto):/.test(target)) {
    return (
      <a href={unescaped(target)} target="_blank" rel="noreferrer">
        {unescaped(label ?? target.replace(/^mailto:/, ""))}
      </a>
    );
  }
  return <>{unescaped(`<${token}>`)}</>;
}

function split(token: string): [string, string | undefined] {
  const at = token.indexOf("|");
  return at < 0 ? [token, undefined] : [token.slice(0, at), token.slice(at + 1)];
}

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

const EMOJI: Readonly<Record<string, string>> = {
  tada: "🎉",
  white_check_mark: "✅",
  heavy_check_mark: "✔️",
  x: "❌",
  warning: "⚠️",
  lock: "🔒",
  unlock: "🔓",
  hourglass: "⌛",
  hourglass_flowing_sand: "⏳",
  eyes: "👀",
  wave: "👋",
  key: "🔑",
  bell: "🔔",
  rotating_light: "🚨",
  information_source: "ℹ️",
  red_circle: "🔴",
  large_green_circle: "🟢",
  large_yellow_circle: "🟡",
  thumbsup: "👍",
  "+1": "👍",
  pray: "🙏",
};

function plain(text: string): string {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name: string) => EMOJI[name] ?? whole);
}
