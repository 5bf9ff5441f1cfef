CREATE TABLE `attempts` (
	`exam_id` text NOT NULL,
	`user_id` text NOT NULL,
	`status` text NOT NULL,
	`since` integer,
	`gives_back` integer NOT NULL,
	`paused_ms` integer NOT NULL,
	`extended_minutes` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`exam_id`, `user_id`)
);
--> statement-breakpoint
CREATE TABLE `exam_entries` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`exam_id` text NOT NULL,
	`room_id` text,
	`user_id` text,
	`by_user_id` text NOT NULL,
	`by_role` text NOT NULL,
	`kind` text NOT NULL,
	`detail` text,
	`minutes` integer,
	`reason` text,
	`note` text,
	`message` text,
	`key` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `exam_entries_by_key` ON `exam_entries` (`user_id`,`key`,`exam_id`);--> statement-breakpoint
CREATE INDEX `exam_entries_by_exam` ON `exam_entries` (`exam_id`,`id`);--> statement-breakpoint
CREATE INDEX `exam_entries_by_room` ON `exam_entries` (`room_id`,`id`,`exam_id`);--> statement-breakpoint
CREATE INDEX `exam_entries_by_user` ON `exam_entries` (`user_id`,`id`,`exam_id`);--> statement-breakpoint
ALTER TABLE `exams` ADD `controller` text DEFAULT 'rooms' NOT NULL;--> statement-breakpoint
ALTER TABLE `exams` ADD `max_room_minutes` integer;--> statement-breakpoint
DROP VIEW `visible_exams`;--> statement-breakpoint
CREATE VIEW `visible_exams` AS select "id", "name", "start_time", "end_time", "video_profile", "created_by", "created_at", "updated_at", "controller", "max_room_minutes" from "exams" where "exams"."removed_by" IS NULL OR NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."exam_id" = "exams"."id"
          AND "bulk_changes"."id" = "exams"."removed_by" AND "bulk_changes"."state" = 'announced');