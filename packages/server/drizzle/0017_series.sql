CREATE TABLE `duties` (
	`name` text PRIMARY KEY NOT NULL,
	`instance` text NOT NULL,
	`until` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `exam_minutes` (
	`exam_id` text NOT NULL,
	`minute` integer NOT NULL,
	`present` integer NOT NULL,
	`publishing` integer NOT NULL,
	`detections` integer NOT NULL,
	`rooms` integer NOT NULL,
	`last_record_id` integer NOT NULL,
	PRIMARY KEY(`exam_id`, `minute`)
);
--> statement-breakpoint
CREATE INDEX `exam_minutes_by_minute` ON `exam_minutes` (`minute`);--> statement-breakpoint
CREATE TABLE `room_minutes` (
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`minute` integer NOT NULL,
	`present` integer NOT NULL,
	`publishing` integer NOT NULL,
	`detections` integer NOT NULL,
	PRIMARY KEY(`room_id`, `minute`, `exam_id`)
);
--> statement-breakpoint
CREATE INDEX `room_minutes_by_minute` ON `room_minutes` (`minute`);--> statement-breakpoint
ALTER TABLE `instances` ADD `started_at` integer;--> statement-breakpoint
ALTER TABLE `instances` ADD `version` text;--> statement-breakpoint
CREATE INDEX `exams_by_end` ON `exams` (`end_time`);