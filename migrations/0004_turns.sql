CREATE TABLE "limits" (
	"system" text PRIMARY KEY NOT NULL,
	"paused_until" timestamp with time zone,
	"calls" double precision NOT NULL,
	"counted_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "turns" (
	"id" text PRIMARY KEY NOT NULL,
	"system" text NOT NULL,
	"until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "turns_system" ON "turns" USING btree ("system");