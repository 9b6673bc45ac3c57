import { z } from "zod";
import { type Account, defineConnector, type Grant, type Match, type Person, type System } from "../connector.ts";

/** A laptop, a badge, an application without an API: on every plan it applies to, ended by its owner and attested. */
export const manual = defineConnector({
  kind: "manual",
  options: z
    .strictObject({
      title: z
        .string()
        .trim()
        .min(1, "needs a title")
        .max(80, "must be at most 80 characters")
        .meta({ about: "What is to be ended, for people: Laptop" }),
      owner: z
        .string()
        .regex(/^\S+$/, "must be a person's id or e-mail")
        .meta({ about: "Who ends it: a person's id or e-mail" }),
      appliesTo: z
        .union([z.literal("everyone"), z.strictObject({ persons: z.array(z.string().min(1)).min(1).readonly() })], {
          error: 'must be "everyone" or { persons: [ids] }',
        })
        .meta({ about: 'Whom it concerns: "everyone", or { persons: [ids] }' }),
      dueHours: z
        .number()
        .int("must be whole hours")
        .positive("must be more than 0 hours")
        .max(24 * 365, "must be within a year")
        .meta({ about: "Hours from the cut until it must be attested" }),
      id: z
        .string()
        .regex(/^[a-z0-9][a-z0-9-]*$/, "must be lower case letters, digits and dashes")
        .optional()
        .meta({ about: "Stable for ever, since entries name it; made of the title if absent" }),
      privileged: z
        .boolean()
        .default(false)
        .meta({ about: "True where it gives more than ordinary access: then a second person must attest it" }),
    })
    .refine((options) => options.id !== undefined || slug(options.title) !== "", {
      path: ["id"],
      error: "is needed: the title has no letter or digit to make one of",
    }),
  connect({ title, owner, appliesTo, dueHours, id, privileged }): System {
    const system = `manual:${id ?? slug(title)}`;
    const unread = `no connector reads this: ${owner} ends it and says so`;
    return {
      id: system,
      title,
      connector: "manual/1",
      sight: { kind: "partial", blind: [unread] },
      manual: { owner, dueHours },
      check: async () => [{ name: "owner", ok: true, detail: `${owner} is asked` }],
      async findAccounts(person: Person): Promise<Match[]> {
        const all = appliesTo === "everyone";
        if (!all && !appliesTo.persons.includes(person.id)) return [];
        const account: Account = { system, id: person.id, login: person.id, kind: "human" };
        return [{ account, rule: "account-id", why: all ? "it applies to everyone" : "the configuration names them" }];
      },
      async *listGrants(account: Account) {
        yield grant(system, account, title, privileged);
      },
      revoke: async () => ({ status: "elsewhere", where: `${owner} removes it by hand` }),
      readBack: async () => ({ state: "unreadable", why: unread }),
    };
  },
});

function grant(system: string, account: Account, title: string, privileged: boolean): Grant {
  return {
    system,
    account: account.id,
    id: "manual",
    kind: "manual",
    resource: title,
    stage: "memberships",
    after: [],
    outlivesSignOn: true,
    // A human can hand it out again.
    reversible: "always",
    privileged,
    secrets: [],
    breaks: [],
  };
}

/** A title as a part of an id: `Badge & keys` becomes `badge-keys`. */
function slug(title: string): string {
  return title
    .normalize("NFKD")
    .toLowerCase()
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}
