CREATE TABLE `bulk_changes` (
	`id` integer PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`exam_id` text NOT NULL,
	`person` text,
	`state` text NOT NULL,
	`seated_before` integer NOT NULL,
	`unseated_before` integer NOT NULL,
	`progress` text NOT NULL,
	`worker` text NOT NULL,
	`claimed_until` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `bulk_changes_by_exam` ON `bulk_changes` (`exam_id`);--> statement-breakpoint
CREATE INDEX `bulk_changes_by_state` ON `bulk_changes` (`state`,`id`);--> statement-breakpoint
CREATE INDEX `bulk_changes_by_claim` ON `bulk_changes` (`claimed_until`,`id`);--> statement-breakpoint
CREATE TABLE `erasures` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`exam_id` text NOT NULL,
	`room_id` text,
	`user_id` text NOT NULL,
	`up_to_event` integer NOT NULL,
	`up_to_message` integer NOT NULL,
	`stage` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `message_logins` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`camera` text NOT NULL,
	`holder_id` text NOT NULL,
	`holder_role` text NOT NULL,
	`room_id` text,
	`exam_id` text,
	`session_id` text,
	`token_id` text,
	`generation` integer,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `message_logins_by_person` ON `message_logins` (`user_id`,`camera`,`holder_id`);--> statement-breakpoint
CREATE INDEX `message_logins_by_expiry` ON `message_logins` (`expires_at`);--> statement-breakpoint
CREATE TABLE `person_changes` (
	`change_id` integer NOT NULL,
	`place` text NOT NULL,
	`seq` integer NOT NULL,
	`name` text NOT NULL,
	`extra_minutes` integer NOT NULL,
	PRIMARY KEY(`place`, `seq`)
);
--> statement-breakpoint
CREATE INDEX `person_changes_by_change` ON `person_changes` (`change_id`,`place`,`seq`);--> statement-breakpoint
CREATE TABLE `seat_generations` (
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`generation` integer NOT NULL,
	PRIMARY KEY(`room_id`, `user_id`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
ALTER TABLE `audio_clips` ADD `created_by` text;--> statement-breakpoint
ALTER TABLE `audio_clips` ADD `bytes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `audio_clips_by_creator` ON `audio_clips` (`created_by`,`bytes`);--> statement-breakpoint
CREATE INDEX `audio_clips_by_bytes` ON `audio_clips` (`bytes`);--> statement-breakpoint
ALTER TABLE `exams` ADD `removed_by` integer;--> statement-breakpoint
ALTER TABLE `participants` ADD `added_by` integer;--> statement-breakpoint
ALTER TABLE `participants` ADD `removed_by` integer;--> statement-breakpoint
ALTER TABLE `presence` ADD `devices` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `recorded_people` ADD `records` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `recorded_people` ADD `bytes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `rooms` ADD `added_by` integer;--> statement-breakpoint
ALTER TABLE `rooms` ADD `removed_by` integer;--> statement-breakpoint
ALTER TABLE `stream_names` ADD `added_by` integer;--> statement-breakpoint
ALTER TABLE `unseated` ADD `added_by` integer;--> statement-breakpoint
ALTER TABLE `unseated` ADD `removed_by` integer;--> statement-breakpoint
CREATE VIEW `visible_exams` AS select "id", "name", "start_time", "end_time", "video_profile", "created_by", "created_at", "updated_at" from "exams" where "exams"."removed_by" IS NULL OR "exams"."removed_by" NOT IN (SELECT "id" FROM "bulk_changes" WHERE "state" = 'announced');--> statement-breakpoint
CREATE VIEW `visible_participants` AS SELECT "seq", "room_id", "user_id", "role", coalesce((SELECT "change"."name" FROM "person_changes" AS "change"
    WHERE "change"."place" = 'seated' AND "change"."seq" = "participants"."seq"
    AND "change"."change_id" NOT IN (SELECT "id" FROM "bulk_changes" WHERE "state" = 'preparing')), "participants"."name") AS "name",
    coalesce((SELECT "change"."extra_minutes" FROM "person_changes" AS "change"
    WHERE "change"."place" = 'seated' AND "change"."seq" = "participants"."seq"
    AND "change"."change_id" NOT IN (SELECT "id" FROM "bulk_changes" WHERE "state" = 'preparing')), "participants"."extra_minutes") AS "extra_minutes", "main_publish_status", "pc_publish_status",
    "created_at", "updated_at" FROM "participants" WHERE ("participants"."added_by" IS NULL OR "participants"."added_by" NOT IN (SELECT "id" FROM "bulk_changes" WHERE "state" = 'preparing'))
    AND ("participants"."removed_by" IS NULL OR "participants"."removed_by" NOT IN (SELECT "id" FROM "bulk_changes" WHERE "state" = 'announced'));--> statement-breakpoint
CREATE VIEW `visible_rooms` AS select "id", "exam_id", "name", "status", "audio_status", "im_server", "create_teacher", "ended_at", "created_at", "updated_at" from "rooms" where ("rooms"."added_by" IS NULL OR "rooms"."added_by" NOT IN (SELECT "id" FROM "bulk_changes" WHERE "state" = 'preparing'))
    AND ("rooms"."removed_by" IS NULL OR "rooms"."removed_by" NOT IN (SELECT "id" FROM "bulk_changes" WHERE "state" = 'announced'));--> statement-breakpoint
CREATE VIEW `visible_unseated` AS SELECT "seq", "exam_id", "user_id", "role", coalesce((SELECT "change"."name" FROM "person_changes" AS "change"
    WHERE "change"."place" = 'unseated' AND "change"."seq" = "unseated"."seq"
    AND "change"."change_id" NOT IN (SELECT "id" FROM "bulk_changes" WHERE "state" = 'preparing')), "unseated"."name") AS "name",
    coalesce((SELECT "change"."extra_minutes" FROM "person_changes" AS "change"
    WHERE "change"."place" = 'unseated' AND "change"."seq" = "unseated"."seq"
    AND "change"."change_id" NOT IN (SELECT "id" FROM "bulk_changes" WHERE "state" = 'preparing')), "unseated"."extra_minutes") AS "extra_minutes", "created_at", "updated_at"
    FROM "unseated" WHERE ("unseated"."added_by" IS NULL OR "unseated"."added_by" NOT IN (SELECT "id" FROM "bulk_changes" WHERE "state" = 'preparing'))
    AND ("unseated"."removed_by" IS NULL OR "unseated"."removed_by" NOT IN (SELECT "id" FROM "bulk_changes" WHERE "state" = 'announced'));