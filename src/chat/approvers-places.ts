import type { ChatSurface } from "./surface.ts";

/** The approvers' private channel of each surface that has one. */
export type ApproversChannels = Readonly<Partial<Record<ChatSurface["id"], string | undefined>>>;

/** One place where approvers read every case. */
export interface ApproversPlace {
  readonly surface: ChatSurface;
  readonly channelId: string;
}

/** Every such place. The first holds the message of a key; each other one has the same under `twinKey`. */
export function approversPlaces(
  surfaces: ReadonlyMap<ChatSurface["id"], ChatSurface>,
  channels: ApproversChannels | undefined,
): readonly ApproversPlace[] {
  return (["slack", "teams"] as const).flatMap((id) => {
    const surface = surfaces.get(id);
    const channelId = channels?.[id];
    return surface && channelId !== undefined ? [{ surface, channelId }] : [];
  });
}

/** The key of the same message on a surface that is not the first. */
export function twinKey(key: string, surface: ChatSurface["id"] | undefined): string {
  return surface === undefined ? key : `${key}@${surface}`;
}

/** The key of the message whose twin this is. */
export function keyOfTwin(key: string): string {
  return key.replace(/@(slack|teams)$/, "");
}
