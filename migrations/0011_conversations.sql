CREATE TABLE "conversations" (
	"id" text PRIMARY KEY NOT NULL,
	"service_url" text NOT NULL,
	"kind" text NOT NULL,
	"team_id" text,
	"member_id" text,
	CONSTRAINT "conversations_member_id_unique" UNIQUE("member_id")
);
