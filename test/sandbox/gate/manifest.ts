import { readFile } from "node:fs/promises";
import { z } from "zod";

/** The parts of a Slack app manifest that the gate goes by: https://docs.slack.dev/reference/app-manifest */
export const Manifest = z.looseObject({
  features: z
    .looseObject({
      app_home: z
        .looseObject({
          home_tab_enabled: z.boolean().default(false),
          messages_tab_read_only_enabled: z.boolean().default(false),
        })
        .optional(),
      shortcuts: z
        .array(
          z.looseObject({
            name: z.string(),
            type: z.enum(["global", "message"]),
            callback_id: z.string(),
            description: z.string(),
          }),
        )
        .default([]),
      slash_commands: z
        .array(
          z.looseObject({
            command: z.string(),
            description: z.string(),
            usage_hint: z.string().optional(),
            should_escape: z.boolean().default(false),
          }),
        )
        .default([]),
    })
    .default({ shortcuts: [], slash_commands: [] }),
  oauth_config: z.looseObject({ scopes: z.looseObject({ bot: z.array(z.string()) }) }),
  settings: z
    .looseObject({
      event_subscriptions: z.looseObject({ bot_events: z.array(z.string()).default([]) }).optional(),
      interactivity: z.looseObject({ is_enabled: z.boolean() }).optional(),
    })
    .default({}),
});
export type Manifest = z.infer<typeof Manifest>;

/** Reads the app's manifest; throws if it is missing or not one. */
export async function readManifest(path: string | URL): Promise<Manifest> {
  return Manifest.parse(JSON.parse(await readFile(path, "utf8")));
}
