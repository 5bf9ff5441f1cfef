CREATE TABLE "exam_people" (
  "exam_id" text COLLATE "C" NOT NULL,
  "user_id" text COLLATE "C" NOT NULL,
  "identity" text COLLATE "C",
  "identity_at" timestamptz,
  "written" bigint NOT NULL DEFAULT 0,
  PRIMARY KEY ("exam_id", "user_id")
);--> statement-breakpoint
ALTER TABLE "exam_entries" ADD COLUMN "about_time" timestamptz;
