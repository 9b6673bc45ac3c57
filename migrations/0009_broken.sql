CREATE TABLE "broken" (
	"case_id" text NOT NULL,
	"key" text NOT NULL,
	"choice" text NOT NULL,
	"heir_id" text,
	"by" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"seq" bigint NOT NULL,
	CONSTRAINT "broken_case_id_key_pk" PRIMARY KEY("case_id","key")
);
