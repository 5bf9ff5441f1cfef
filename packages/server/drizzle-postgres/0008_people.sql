CREATE TABLE "page_times" (
  "exam_id" text COLLATE "C" NOT NULL,
  "room_id" text COLLATE "C" NOT NULL,
  "user_id" text COLLATE "C" NOT NULL,
  "camera" text COLLATE "C" NOT NULL,
  "left_at" timestamptz,
  "status" text COLLATE "C",
  "status_since" timestamptz,
  PRIMARY KEY ("exam_id", "room_id", "user_id", "camera")
);--> statement-breakpoint
ALTER TABLE "page_times" ADD FOREIGN KEY ("exam_id", "room_id", "user_id") REFERENCES "participants" ("exam_id", "room_id", "user_id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "recorded_people" ADD COLUMN "last_at" timestamptz;
