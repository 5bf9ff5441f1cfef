CREATE TABLE "dead_letters" (
  "id" text COLLATE "C" NOT NULL,
  "exam_id" text COLLATE "C" NOT NULL,
  "queue" text COLLATE "C" NOT NULL,
  "kind" text COLLATE "C" NOT NULL,
  "key" text COLLATE "C" NOT NULL,
  "payload" jsonb NOT NULL,
  "reason" text COLLATE "C" NOT NULL,
  "last_error" text COLLATE "C",
  "attempts" bigint NOT NULL,
  "created_at" timestamptz NOT NULL,
  "died_at" timestamptz NOT NULL,
  PRIMARY KEY ("id")
);--> statement-breakpoint
CREATE INDEX "dead_letters_by_exam" ON "dead_letters" ("exam_id");--> statement-breakpoint
CREATE INDEX "dead_letters_by_time" ON "dead_letters" ("died_at");--> statement-breakpoint
DROP INDEX "vendor_tasks_by_due";--> statement-breakpoint
ALTER TABLE "vendor_tasks" ADD COLUMN "last_error" text COLLATE "C";--> statement-breakpoint
CREATE INDEX "vendor_tasks_by_due" ON "vendor_tasks" ("service", "due_at", "id", "exam_id", "kind");
