CREATE TABLE `event_epochs` (
	`begin` integer PRIMARY KEY NOT NULL,
	`origin` text,
	`started_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `instances` (
	`id` text PRIMARY KEY NOT NULL,
	`lease_until` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `instances_by_lease` ON `instances` (`lease_until`);--> statement-breakpoint
CREATE TABLE `login_counters` (
	`key` text PRIMARY KEY NOT NULL,
	`failures` text NOT NULL,
	`running` text NOT NULL,
	`blocks` integer NOT NULL,
	`blocked_until` integer NOT NULL,
	`trusted_until` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `login_counters_by_expiry` ON `login_counters` (`expires_at`);--> statement-breakpoint
CREATE TABLE `page_claims` (
	`page` text PRIMARY KEY NOT NULL,
	`login_id` text NOT NULL,
	`instance` text NOT NULL,
	`connection` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `page_claims_by_instance` ON `page_claims` (`instance`);--> statement-breakpoint
CREATE TABLE `pruned_events` (
	`exam_id` text PRIMARY KEY NOT NULL,
	`last_id` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `send_rates` (
	`room_id` text NOT NULL,
	`login` text NOT NULL,
	`whole_at` integer NOT NULL,
	PRIMARY KEY(`room_id`, `login`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `server_notices` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`instance` text NOT NULL,
	`topic` text NOT NULL,
	`data` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `server_notices_by_instance` ON `server_notices` (`instance`);--> statement-breakpoint
CREATE TABLE `stored_file_chunks` (
	`file_id` text NOT NULL,
	`position` integer NOT NULL,
	`content` blob NOT NULL,
	PRIMARY KEY(`file_id`, `position`),
	FOREIGN KEY (`file_id`) REFERENCES `stored_files`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `stored_files` (
	`id` text PRIMARY KEY NOT NULL,
	`place` text NOT NULL,
	`name` text,
	`bytes` integer NOT NULL,
	`leaving` integer DEFAULT false NOT NULL,
	`changed_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `stored_files_by_name` ON `stored_files` (`place`,`name`);--> statement-breakpoint
CREATE INDEX `stored_files_without_name` ON `stored_files` (`place`,`changed_at`) WHERE name IS NULL;--> statement-breakpoint
CREATE TABLE `__new_presence` (
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`camera` text NOT NULL,
	`role` text NOT NULL,
	`since` integer NOT NULL,
	`devices` integer DEFAULT 1 NOT NULL,
	`instance` text DEFAULT '' NOT NULL,
	PRIMARY KEY(`room_id`, `user_id`, `camera`, `instance`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
INSERT INTO `__new_presence`("room_id", "user_id", "camera", "role", "since", "devices", "instance") SELECT "room_id", "user_id", "camera", "role", "since", "devices", '' FROM `presence`;--> statement-breakpoint
DROP TABLE `presence`;--> statement-breakpoint
ALTER TABLE `__new_presence` RENAME TO `presence`;--> statement-breakpoint
CREATE INDEX `presence_by_instance` ON `presence` (`instance`);--> statement-breakpoint
ALTER TABLE `room_events` ADD `exam_id` text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE INDEX `room_events_by_exam` ON `room_events` (`exam_id`);--> statement-breakpoint
UPDATE `room_events` SET `exam_id` = coalesce((SELECT `exam_id` FROM `rooms` WHERE `rooms`.`id` = `room_events`.`room_id`), '');--> statement-breakpoint
INSERT INTO `pruned_events` (`exam_id`, `last_id`) SELECT `id`, `deleted`.`last_id` FROM `exams`, (SELECT coalesce((SELECT min(`id`) - 1 FROM `room_events`), (SELECT `seq` FROM `sqlite_sequence` WHERE `name` = 'room_events'), 0) AS `last_id`) AS `deleted` WHERE `deleted`.`last_id` > 0;
