import { z } from "zod";

/** `09:00`; the end of a day may be `24:00`. */
const TIME = /^([01]\d|2[0-3]):[0-5]\d$|^24:00$/;

/** What an installation may decide for itself. Durations are in the unit their name says. */
export const Policy = z.strictObject({
  /** What appeared between approval and cut: taken along if it is reversible and not privileged, or always asked. */
  appearedSince: z.enum(["take-along", "ask"]).default("take-along"),
  /** Attempts of one revoke before a human is asked. */
  tries: z.int().min(1).max(20).default(5),
  /** Reads after a revoke that still show the grant before a human is asked. */
  readBacks: z.int().min(1).max(50).default(5),
  /** Attempts to read one system before it counts as unreachable. */
  readTries: z.int().min(1).max(20).default(3),
  /** A worker that holds a step longer than this is taken for dead. */
  leaseSeconds: z.int().min(2).max(3600).default(120),
  /** Longest one call of a connector may take. Shorter than a lease. */
  callSeconds: z.int().min(1).max(3000).default(90),
  /** First pause after a failure; doubles each time, up to five minutes. */
  backoffSeconds: z.number().min(0.05).max(300).default(2),
  /** A step without proof this long after the cut ends as expired. */
  stepDeadlineHours: z.number().positive().default(72),
  /** An offer nobody took this long goes by name to the leaver's manager. */
  offerDeadlineHours: z.number().positive().default(72),
  /** How long before that deadline whoever has not answered is reminded once. */
  offerReminderHours: z.number().positive().default(24),
  /** Days of the week, 1 is Monday, and hours in which people get new messages about work, in their own zone. */
  workDays: z.array(z.int().min(1).max(7)).readonly().default([1, 2, 3, 4, 5]),
  workFrom: z.string().regex(TIME).default("09:00"),
  workUntil: z.string().regex(TIME).default("17:00"),
  /** New messages about work that one person gets in a day at most, over all cases. What comes later waits a day. */
  offersPerDay: z.int().min(1).max(100).default(3),
  /** People who are away, by person id or e-mail, with the days on which they are: nothing is put to them meanwhile. */
  absences: z
    .array(z.strictObject({ who: z.string().min(1), from: z.iso.date(), until: z.iso.date() }))
    .readonly()
    .default([]),
  /** A containment that nobody decided this long is called out again, to operators as well, and so each time after it. */
  containEscalateMinutes: z.number().positive().max(1440).default(5),
  /** How often it is called out at most. */
  containEscalations: z.int().min(1).max(100).default(12),
  /** A system or host that did not answer at a case's end is looked at again this often until it does. */
  lookAgainHours: z.number().positive().default(24),
  /** How long after it was proven gone a grant may be given back. */
  undoDays: z.number().positive().max(365).default(30),
  /** A grant that was kept beyond its day is called out again this often until it is gone. */
  keptAlertHours: z.number().positive().default(168),
  /** How much later than approved a case may be due before its plan has to be approved again. */
  rescheduleDays: z.number().nonnegative().max(90).default(14),
  /** Longest time ahead that a departure may be set to. */
  farDays: z.int().min(1).default(400),
});
export type Policy = Readonly<z.infer<typeof Policy>>;
