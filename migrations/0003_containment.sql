ALTER TABLE "cases" ADD COLUMN "escalate_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "cases" ADD COLUMN "escalations" integer DEFAULT 0 NOT NULL;