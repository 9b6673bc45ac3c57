CREATE TABLE "undos" (
	"case_id" text PRIMARY KEY NOT NULL,
	"body" text NOT NULL,
	"hash" text NOT NULL,
	"asked_by" text NOT NULL,
	"asked_at" timestamp with time zone NOT NULL,
	"asked_seq" bigint NOT NULL,
	"confirmed_seq" bigint
);
