CREATE TABLE `exam_consents` (
	`exam_id` text NOT NULL,
	`version` integer NOT NULL,
	`zh` text NOT NULL,
	`en` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`exam_id`, `version`),
	FOREIGN KEY (`exam_id`) REFERENCES `exams`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `talks` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`by_user_id` text NOT NULL,
	`to_user_id` text NOT NULL,
	`started_at` integer NOT NULL,
	`ended_at` integer,
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `talks_open` ON `talks` (`room_id`,`to_user_id`,`exam_id`) WHERE ended_at IS NULL;--> statement-breakpoint
CREATE INDEX `talks_by_person` ON `talks` (`to_user_id`,`room_id`);--> statement-breakpoint
CREATE INDEX `talks_by_room` ON `talks` (`room_id`);--> statement-breakpoint
CREATE INDEX `talks_by_exam` ON `talks` (`exam_id`);--> statement-breakpoint
ALTER TABLE `exam_people` ADD `readiness` text;--> statement-breakpoint
ALTER TABLE `exam_people` ADD `readiness_at` integer;--> statement-breakpoint
ALTER TABLE `exam_people` ADD `waved_through_by` text;--> statement-breakpoint
ALTER TABLE `exam_people` ADD `detectors_off` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `exams` ADD `cameras` text DEFAULT 'one' NOT NULL;--> statement-breakpoint
ALTER TABLE `exams` ADD `questions_url` text;--> statement-breakpoint
ALTER TABLE `exams` ADD `detectors` text;--> statement-breakpoint
DROP VIEW `visible_exams`;--> statement-breakpoint
CREATE VIEW `visible_exams` AS select "id", "name", "start_time", "end_time", "video_profile", "created_by", "created_at", "updated_at", "controller", "max_room_minutes", "cameras", "questions_url", "detectors" from "exams" where "exams"."removed_by" IS NULL OR NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."exam_id" = "exams"."id"
          AND "bulk_changes"."id" = "exams"."removed_by" AND "bulk_changes"."state" = 'announced');