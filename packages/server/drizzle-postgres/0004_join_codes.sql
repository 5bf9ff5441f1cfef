CREATE TABLE "join_codes" (
  "exam_id" text COLLATE "C" NOT NULL,
  "room_id" text COLLATE "C" NOT NULL,
  "user_id" text COLLATE "C" NOT NULL,
  "page" text COLLATE "C" NOT NULL,
  "digest" text COLLATE "C" NOT NULL,
  PRIMARY KEY ("exam_id", "room_id", "user_id", "page")
);--> statement-breakpoint
CREATE UNIQUE INDEX "join_codes_by_digest" ON "join_codes" ("digest", "exam_id");--> statement-breakpoint
ALTER TABLE "join_codes" ADD FOREIGN KEY ("exam_id", "room_id", "user_id") REFERENCES "participants" ("exam_id", "room_id", "user_id") ON DELETE CASCADE;
