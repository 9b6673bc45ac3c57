ALTER TABLE "offers" ADD COLUMN "skipped" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "offers" ADD COLUMN "obstacle" text;--> statement-breakpoint
ALTER TABLE "offers" ADD COLUMN "checked_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "offers" ADD COLUMN "snoozed_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "offers" ADD COLUMN "remind_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "offers" ADD COLUMN "moved_seq" bigint;--> statement-breakpoint
ALTER TABLE "offers" ADD COLUMN "close_seq" bigint;--> statement-breakpoint
ALTER TABLE "offers" ADD COLUMN "leaver_note" text;--> statement-breakpoint
ALTER TABLE "posts" ADD COLUMN "posted_at" timestamp with time zone;