import { z } from "zod";
import type { Member } from "../intent.ts";
import { type Client, isRefusal } from "./client.ts";

/** Whose bot this is, as `auth.test` says. */
export interface Home {
  readonly teamId: string;
  readonly enterpriseId?: string;
  readonly userId: string;
  readonly botId?: string;
}

const Test = z.object({
  team_id: z.string(),
  enterprise_id: z.string().nullish(),
  user_id: z.string(),
  bot_id: z.string().nullish(),
});

/** Asks Slack whose token this is. */
export async function readHome(client: Client): Promise<Home> {
  const answer = await client.call("auth.test", {}, Test);
  return {
    teamId: answer.team_id,
    ...(answer.enterprise_id ? { enterpriseId: answer.enterprise_id } : {}),
    userId: answer.user_id,
    ...(answer.bot_id ? { botId: answer.bot_id } : {}),
  };
}

const User = z.object({
  id: z.string(),
  team_id: z.string().nullish(),
  name: z.string().nullish(),
  real_name: z.string().nullish(),
  tz: z.string().nullish(),
  deleted: z.boolean().nullish(),
  is_bot: z.boolean().nullish(),
  is_workflow_bot: z.boolean().nullish(),
  is_stranger: z.boolean().nullish(),
  is_restricted: z.boolean().nullish(),
  is_ultra_restricted: z.boolean().nullish(),
  enterprise_user: z.object({ enterprise_id: z.string().nullish() }).nullish(),
  profile: z
    .object({
      email: z.string().nullish(),
      real_name: z.string().nullish(),
      display_name: z.string().nullish(),
      team: z.string().nullish(),
      status_text: z.string().nullish(),
      status_emoji: z.string().nullish(),
    })
    .nullish(),
});
type User = z.infer<typeof User>;

const Info = z.object({ user: User });
const Page = z.object({ members: z.array(User) });

/** Reads an account afresh: rights and deactivation must never come from a cache. */
export async function readMember(client: Client, home: Home, id: string): Promise<Member | undefined> {
  if (id.trim() === "") return undefined;
  try {
    const { user } = await client.call("users.info", { user: id }, Info);
    return memberOf(user, home);
  } catch (error) {
    if (isRefusal(error, "user_not_found", "user_not_visible")) return undefined;
    throw error;
  }
}

/**
 * The one account with exactly this e-mail. `users.lookupByEmail` answers "not found" for a deactivated account, and
 * "already deactivated" is not "no account", so the list of all users is read then.
 */
export async function readMemberByEmail(client: Client, home: Home, email: string): Promise<Member | undefined> {
  const wanted = email.trim().toLowerCase();
  if (wanted === "") return undefined;
  const isIt = (user: User) => user.profile?.email?.trim().toLowerCase() === wanted;
  try {
    const { user } = await client.call("users.lookupByEmail", { email: wanted }, Info);
    return isIt(user) ? memberOf(user, home) : undefined;
  } catch (error) {
    if (!isRefusal(error, "users_not_found")) throw error;
  }
  const found: User[] = [];
  for await (const page of client.pages("users.list", { limit: 500 }, Page)) found.push(...page.members.filter(isIt));
  const [only] = found;
  return only && found.length === 1 ? memberOf(only, home) : undefined;
}

function memberOf(user: User, home: Home): Member {
  const kind = kindOf(user, home);
  const email = user.profile?.email?.trim();
  return {
    surface: "slack",
    id: user.id,
    name: user.profile?.real_name || user.real_name || user.profile?.display_name || user.name || user.id,
    // The e-mail of a stranger is set by somebody else's admin and proves nothing here.
    ...(email && kind !== "external" && kind !== "bot" ? { email: email.toLowerCase() } : {}),
    ...(user.tz ? { zone: user.tz } : {}),
    ...(isAway(user) ? { away: true } : {}),
    kind,
  };
}

/** What Slack itself proposes for "Vacationing" and "Out sick", and what people write. */
const AWAY_EMOJI = [":palm_tree:", ":face_with_thermometer:"];
const AWAY_WORDS = /\b(vacation(ing)?|on leave|parental leave|out of (the )?office|ooo|out sick)\b/i;

/** Slack itself takes a status away once it has ended. */
function isAway({ profile }: User): boolean {
  return AWAY_EMOJI.includes(profile?.status_emoji ?? "") || AWAY_WORDS.test(profile?.status_text ?? "");
}

function kindOf(user: User, home: Home): Member["kind"] {
  if (user.is_bot || user.is_workflow_bot || user.id === "USLACKBOT") return "bot";
  const team = user.team_id ?? user.profile?.team;
  const ours =
    team === home.teamId ||
    (home.enterpriseId !== undefined &&
      (team === home.enterpriseId || user.enterprise_user?.enterprise_id === home.enterpriseId));
  // Without a team nothing vouches for the account.
  if (user.is_stranger || !ours) return "external";
  if (user.deleted) return "deactivated";
  return user.is_restricted || user.is_ultra_restricted ? "guest" : "member";
}
