CREATE TABLE "kept" (
	"case_id" text NOT NULL,
	"grant_key" text NOT NULL,
	"state" text NOT NULL,
	"owner_id" text NOT NULL,
	"until" timestamp with time zone NOT NULL,
	"note" text NOT NULL,
	"asked_by" text NOT NULL,
	"asked_seq" bigint NOT NULL,
	"agreed_by" text,
	"agreed_seq" bigint,
	"alerts" integer DEFAULT 0 NOT NULL,
	"shown" text,
	"next_at" timestamp with time zone,
	"lease" text,
	"lease_until" timestamp with time zone,
	CONSTRAINT "kept_case_id_grant_key_pk" PRIMARY KEY("case_id","grant_key")
);
--> statement-breakpoint
CREATE INDEX "kept_due" ON "kept" USING btree ("state","next_at");