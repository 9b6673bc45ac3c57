CREATE SCHEMA "audit";
--> statement-breakpoint
CREATE TABLE "accounts" (
	"system" text NOT NULL,
	"id" text NOT NULL,
	"person_id" text NOT NULL,
	"login" text NOT NULL,
	"source" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "accounts_system_id_pk" PRIMARY KEY("system","id")
);
--> statement-breakpoint
CREATE TABLE "cases" (
	"id" text PRIMARY KEY NOT NULL,
	"leaver_id" text NOT NULL,
	"requester_id" text NOT NULL,
	"state" text NOT NULL,
	"kind" text NOT NULL,
	"mode" text NOT NULL,
	"announced" boolean NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"due_local" text NOT NULL,
	"due_zone" text NOT NULL,
	"reason" text NOT NULL,
	"heir_id" text,
	"opened_at" timestamp with time zone NOT NULL,
	"opened_seq" bigint NOT NULL,
	"revision" integer DEFAULT 0 NOT NULL,
	"round" text DEFAULT 'first' NOT NULL,
	"missed_at" timestamp with time zone,
	"cut_at" timestamp with time zone,
	"close_by" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"wake_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "decisions" (
	"case_id" text NOT NULL,
	"plan_hash" text NOT NULL,
	"person_id" text NOT NULL,
	"verdict" text NOT NULL,
	"note" text,
	"at" timestamp with time zone NOT NULL,
	"seq" bigint NOT NULL,
	CONSTRAINT "decisions_case_id_plan_hash_person_id_pk" PRIMARY KEY("case_id","plan_hash","person_id")
);
--> statement-breakpoint
CREATE TABLE "emails" (
	"email" text PRIMARY KEY NOT NULL,
	"person_id" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit"."entries" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"body" "bytea" NOT NULL,
	"leaf_hash" "bytea" NOT NULL,
	"at" text NOT NULL,
	"action" text NOT NULL,
	"outcome" text NOT NULL,
	"case_id" text,
	"actor_id" text NOT NULL,
	"target_kind" text NOT NULL,
	"target_id" text NOT NULL,
	"system" text
);
--> statement-breakpoint
CREATE TABLE "logins" (
	"system" text NOT NULL,
	"login" text NOT NULL,
	"person_id" text NOT NULL,
	CONSTRAINT "logins_system_login_pk" PRIMARY KEY("system","login")
);
--> statement-breakpoint
CREATE TABLE "audit"."nodes" (
	"level" integer NOT NULL,
	"position" bigint NOT NULL,
	"hash" "bytea" NOT NULL,
	CONSTRAINT "nodes_level_position_pk" PRIMARY KEY("level","position")
);
--> statement-breakpoint
CREATE TABLE "audit"."notes" (
	"size" bigint PRIMARY KEY NOT NULL,
	"root" "bytea" NOT NULL,
	"note" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "offers" (
	"id" text PRIMARY KEY NOT NULL,
	"case_id" text NOT NULL,
	"system" text NOT NULL,
	"item_key" text NOT NULL,
	"item" jsonb NOT NULL,
	"state" text NOT NULL,
	"to_id" text,
	"why" text,
	"accepted_seq" bigint,
	"declined" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"failure" text,
	"tries" integer DEFAULT 0 NOT NULL,
	"offered_at" timestamp with time zone,
	"settled_at" timestamp with time zone,
	"deadline_at" timestamp with time zone,
	"next_at" timestamp with time zone,
	"lease" text,
	"lease_until" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "audit"."personal" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"salt" "bytea" NOT NULL,
	"body" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "persons" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"manager_id" text,
	"zone" text,
	"active" boolean DEFAULT true NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "plans" (
	"case_id" text NOT NULL,
	"revision" integer NOT NULL,
	"scope" text NOT NULL,
	"state" text NOT NULL,
	"body" text NOT NULL,
	"hash" text NOT NULL,
	"proposed_at" timestamp with time zone NOT NULL,
	"proposed_seq" bigint NOT NULL,
	"approved_seq" bigint,
	"gaps" text,
	CONSTRAINT "plans_case_id_revision_pk" PRIMARY KEY("case_id","revision")
);
--> statement-breakpoint
CREATE TABLE "posts" (
	"key" text PRIMARY KEY NOT NULL,
	"notice" jsonb NOT NULL,
	"audience" jsonb NOT NULL,
	"wanted" integer DEFAULT 1 NOT NULL,
	"done" integer DEFAULT 0 NOT NULL,
	"surface" text,
	"channel" text,
	"ts" text,
	"posting" boolean DEFAULT false NOT NULL,
	"shown" text,
	"failure" text,
	"tries" integer DEFAULT 0 NOT NULL,
	"next_at" timestamp with time zone,
	"lease" text,
	"lease_until" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "reads" (
	"case_id" text NOT NULL,
	"system" text NOT NULL,
	"round" text NOT NULL,
	"state" text NOT NULL,
	"accounts" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"grants" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"work" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"sight" jsonb,
	"failure" text,
	"said_none" boolean DEFAULT false NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"read_at" timestamp with time zone,
	"next_at" timestamp with time zone,
	"lease" text,
	"lease_until" timestamp with time zone,
	"seq" bigint,
	CONSTRAINT "reads_case_id_system_round_pk" PRIMARY KEY("case_id","system","round")
);
--> statement-breakpoint
CREATE TABLE "requests" (
	"id" text PRIMARY KEY NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "steps" (
	"id" text PRIMARY KEY NOT NULL,
	"case_id" text NOT NULL,
	"system" text NOT NULL,
	"grant_key" text NOT NULL,
	"revision" integer NOT NULL,
	"plan_hash" text NOT NULL,
	"position" integer NOT NULL,
	"state" text NOT NULL,
	"rung" text,
	"tries" integer DEFAULT 0 NOT NULL,
	"read_backs" integer DEFAULT 0 NOT NULL,
	"failure" text,
	"note" text,
	"decided_by" text,
	"started_at" timestamp with time zone,
	"proven_at" timestamp with time zone,
	"deadline_at" timestamp with time zone NOT NULL,
	"next_at" timestamp with time zone,
	"lease" text,
	"lease_until" timestamp with time zone,
	CONSTRAINT "steps_tries" CHECK ("steps"."tries" >= 0)
);
--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_person_id_persons_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."persons"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cases" ADD CONSTRAINT "cases_leaver_id_persons_id_fk" FOREIGN KEY ("leaver_id") REFERENCES "public"."persons"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "emails" ADD CONSTRAINT "emails_person_id_persons_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."persons"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "logins" ADD CONSTRAINT "logins_person_id_persons_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."persons"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit"."personal" ADD CONSTRAINT "personal_seq_entries_seq_fk" FOREIGN KEY ("seq") REFERENCES "audit"."entries"("seq") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "accounts_person" ON "accounts" USING btree ("person_id");--> statement-breakpoint
CREATE UNIQUE INDEX "cases_one_open" ON "cases" USING btree ("leaver_id") WHERE state not in ('closed', 'cancelled', 'rejected', 'held');--> statement-breakpoint
CREATE INDEX "cases_wake" ON "cases" USING btree ("wake_at");--> statement-breakpoint
CREATE INDEX "entries_case" ON "audit"."entries" USING btree ("case_id","seq");--> statement-breakpoint
CREATE INDEX "entries_target" ON "audit"."entries" USING btree ("target_kind","target_id","seq");--> statement-breakpoint
CREATE INDEX "logins_person" ON "logins" USING btree ("person_id");--> statement-breakpoint
CREATE UNIQUE INDEX "offers_item" ON "offers" USING btree ("case_id","item_key");--> statement-breakpoint
CREATE INDEX "posts_due" ON "posts" USING btree ("next_at");--> statement-breakpoint
CREATE UNIQUE INDEX "steps_grant" ON "steps" USING btree ("case_id","grant_key");--> statement-breakpoint
CREATE INDEX "steps_due" ON "steps" USING btree ("next_at");