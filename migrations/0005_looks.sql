CREATE TABLE "looks" (
	"case_id" text NOT NULL,
	"system" text NOT NULL,
	"state" text NOT NULL,
	"unanswered" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"found" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"looks" integer DEFAULT 0 NOT NULL,
	"next_at" timestamp with time zone NOT NULL,
	"lease" text,
	"lease_until" timestamp with time zone,
	CONSTRAINT "looks_case_id_system_pk" PRIMARY KEY("case_id","system")
);
--> statement-breakpoint
CREATE INDEX "looks_due" ON "looks" USING btree ("state","next_at");