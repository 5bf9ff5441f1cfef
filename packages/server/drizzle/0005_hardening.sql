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
ALTER TABLE `presence` ADD `devices` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `recorded_people` ADD `records` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `recorded_people` ADD `bytes` integer DEFAULT 0 NOT NULL;