CREATE TABLE "pruning_clock" (
  "name" text COLLATE "C" NOT NULL,
  "time" timestamptz NOT NULL,
  "waited_ms" bigint NOT NULL,
  PRIMARY KEY ("name")
);--> statement-breakpoint
INSERT INTO "pruning_clock" SELECT 'pruning', max("created_at"), 0 FROM (
  (SELECT "created_at" FROM "audit_entries" ORDER BY "id" DESC LIMIT 1)
  UNION ALL (SELECT "created_at" FROM "exams" ORDER BY "id" DESC LIMIT 1)
) AS "newest" HAVING max("created_at") IS NOT NULL;--> statement-breakpoint
ALTER TABLE "event_epochs" ADD COLUMN "database_oid" bigint;--> statement-breakpoint
DELETE FROM "pruned_events" WHERE NOT EXISTS (SELECT 1 FROM "exams" WHERE "exams"."id" = "pruned_events"."exam_id");