CREATE TABLE "duties" (
  "name" text COLLATE "C" NOT NULL,
  "instance" text COLLATE "C" NOT NULL,
  "until" timestamptz NOT NULL,
  PRIMARY KEY ("name")
);--> statement-breakpoint
CREATE TABLE "exam_minutes" (
  "exam_id" text COLLATE "C" NOT NULL,
  "minute" timestamptz NOT NULL,
  "present" bigint NOT NULL,
  "publishing" bigint NOT NULL,
  "detections" bigint NOT NULL,
  "rooms" bigint NOT NULL,
  "last_record_id" bigint NOT NULL,
  PRIMARY KEY ("exam_id", "minute")
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);--> statement-breakpoint
CREATE INDEX "exam_minutes_by_minute" ON "exam_minutes" ("minute");--> statement-breakpoint
CREATE TABLE "room_minutes" (
  "exam_id" text COLLATE "C" NOT NULL,
  "room_id" text COLLATE "C" NOT NULL,
  "minute" timestamptz NOT NULL,
  "present" bigint NOT NULL,
  "publishing" bigint NOT NULL,
  "detections" bigint NOT NULL,
  PRIMARY KEY ("exam_id", "room_id", "minute")
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);--> statement-breakpoint
CREATE INDEX "room_minutes_by_minute" ON "room_minutes" ("minute");--> statement-breakpoint
ALTER TABLE "instances" ADD COLUMN "started_at" timestamptz;--> statement-breakpoint
ALTER TABLE "instances" ADD COLUMN "version" text COLLATE "C";--> statement-breakpoint
CREATE INDEX "exams_by_end" ON "exams" ("end_time");
