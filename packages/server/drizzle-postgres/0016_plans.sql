CREATE TABLE "plans" (
  "exam_id" text COLLATE "C" NOT NULL,
  "number" bigint NOT NULL,
  "new_rooms" bigint NOT NULL,
  "seated" bigint NOT NULL,
  "created_by" text COLLATE "C" NOT NULL,
  "created_at" timestamptz NOT NULL,
  "undone_at" timestamptz,
  PRIMARY KEY ("exam_id", "number")
);--> statement-breakpoint
ALTER TABLE "plans" ADD FOREIGN KEY ("exam_id") REFERENCES "exams" ("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "rooms" ADD COLUMN "plan" bigint;--> statement-breakpoint
ALTER TABLE "participants" ADD COLUMN "plan" bigint;
