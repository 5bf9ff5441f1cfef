-- incompatible with the previous version, whose imports do not mark the people whom they change
ALTER TABLE "participants" ADD COLUMN "changed_by" bigint;--> statement-breakpoint
ALTER TABLE "unseated" ADD COLUMN "changed_by" bigint;--> statement-breakpoint
UPDATE "participants" SET "changed_by" = "change"."change_id" FROM "person_changes" AS "change"
  WHERE "change"."exam_id" = "participants"."exam_id" AND "change"."place" = 'seated' AND "change"."seq" = "participants"."seq";--> statement-breakpoint
UPDATE "unseated" SET "changed_by" = "change"."change_id" FROM "person_changes" AS "change"
  WHERE "change"."exam_id" = "unseated"."exam_id" AND "change"."place" = 'unseated' AND "change"."seq" = "unseated"."seq";--> statement-breakpoint
DROP INDEX "stream_events_by_event";--> statement-breakpoint
CREATE UNIQUE INDEX "stream_events_by_event" ON "stream_events" ("exam_id", "room_id", "user_id", "camera", "event_time", "action", "node", "ip");--> statement-breakpoint
CREATE OR REPLACE VIEW "visible_exams" AS select "id", "name", "start_time", "end_time", "video_profile", "created_by", "created_at", "updated_at" from "exams" where "exams"."removed_by" IS NULL OR NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."exam_id" = "exams"."id"
          AND "bulk_changes"."id" = "exams"."removed_by" AND "bulk_changes"."state" = 'announced');--> statement-breakpoint
CREATE OR REPLACE VIEW "visible_participants" AS SELECT "seq", "exam_id", "room_id", "user_id", "role", CASE WHEN "participants"."changed_by" IS NULL THEN "participants"."name"
    ELSE coalesce((SELECT "change"."name" FROM "person_changes" AS "change"
      WHERE "change"."place" = 'seated' AND "change"."seq" = "participants"."seq" AND "change"."exam_id" = "participants"."exam_id"
      AND NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."exam_id" = "change"."exam_id"
        AND "bulk_changes"."id" = "change"."change_id" AND "bulk_changes"."state" = 'preparing')), "participants"."name")
    END AS "name",
    CASE WHEN "participants"."changed_by" IS NULL THEN "participants"."extra_minutes"
    ELSE coalesce((SELECT "change"."extra_minutes" FROM "person_changes" AS "change"
      WHERE "change"."place" = 'seated' AND "change"."seq" = "participants"."seq" AND "change"."exam_id" = "participants"."exam_id"
      AND NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."exam_id" = "change"."exam_id"
        AND "bulk_changes"."id" = "change"."change_id" AND "bulk_changes"."state" = 'preparing')), "participants"."extra_minutes")
    END AS "extra_minutes", "main_publish_status", "pc_publish_status",
    "created_at", "updated_at" FROM "participants" WHERE "participants"."added_by" IS NULL AND "participants"."removed_by" IS NULL OR NOT EXISTS (SELECT 1 FROM "bulk_changes"
    WHERE "bulk_changes"."exam_id" = "participants"."exam_id"
    AND ("bulk_changes"."id" = "participants"."added_by" AND "bulk_changes"."state" = 'preparing'
      OR "bulk_changes"."id" = "participants"."removed_by" AND "bulk_changes"."state" = 'announced'));--> statement-breakpoint
CREATE OR REPLACE VIEW "visible_rooms" AS select "id", "exam_id", "name", "status", "audio_status", "im_server", "create_teacher", "ended_at", "created_at", "updated_at" from "rooms" where "rooms"."added_by" IS NULL AND "rooms"."removed_by" IS NULL OR NOT EXISTS (SELECT 1 FROM "bulk_changes"
    WHERE "bulk_changes"."exam_id" = "rooms"."exam_id"
    AND ("bulk_changes"."id" = "rooms"."added_by" AND "bulk_changes"."state" = 'preparing'
      OR "bulk_changes"."id" = "rooms"."removed_by" AND "bulk_changes"."state" = 'announced'));--> statement-breakpoint
CREATE OR REPLACE VIEW "visible_unseated" AS SELECT "seq", "exam_id", "user_id", "role", CASE WHEN "unseated"."changed_by" IS NULL THEN "unseated"."name"
    ELSE coalesce((SELECT "change"."name" FROM "person_changes" AS "change"
      WHERE "change"."place" = 'unseated' AND "change"."seq" = "unseated"."seq" AND "change"."exam_id" = "unseated"."exam_id"
      AND NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."exam_id" = "change"."exam_id"
        AND "bulk_changes"."id" = "change"."change_id" AND "bulk_changes"."state" = 'preparing')), "unseated"."name")
    END AS "name",
    CASE WHEN "unseated"."changed_by" IS NULL THEN "unseated"."extra_minutes"
    ELSE coalesce((SELECT "change"."extra_minutes" FROM "person_changes" AS "change"
      WHERE "change"."place" = 'unseated' AND "change"."seq" = "unseated"."seq" AND "change"."exam_id" = "unseated"."exam_id"
      AND NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."exam_id" = "change"."exam_id"
        AND "bulk_changes"."id" = "change"."change_id" AND "bulk_changes"."state" = 'preparing')), "unseated"."extra_minutes")
    END AS "extra_minutes", "created_at", "updated_at"
    FROM "unseated" WHERE "unseated"."added_by" IS NULL AND "unseated"."removed_by" IS NULL OR NOT EXISTS (SELECT 1 FROM "bulk_changes"
    WHERE "bulk_changes"."exam_id" = "unseated"."exam_id"
    AND ("bulk_changes"."id" = "unseated"."added_by" AND "bulk_changes"."state" = 'preparing'
      OR "bulk_changes"."id" = "unseated"."removed_by" AND "bulk_changes"."state" = 'announced'));
