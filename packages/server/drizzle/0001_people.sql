CREATE TABLE `accounts` (
	`user_id` text PRIMARY KEY NOT NULL,
	`role` text NOT NULL,
	`name` text NOT NULL,
	`password_hash` text NOT NULL,
	`disabled` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `revoked_tokens` (
	`token_id` text PRIMARY KEY NOT NULL,
	`expires_at` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `revoked_tokens_by_expiry` ON `revoked_tokens` (`expires_at`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `accounts`(`user_id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `sessions_by_user` ON `sessions` (`user_id`);--> statement-breakpoint
CREATE INDEX `sessions_by_expiry` ON `sessions` (`expires_at`);--> statement-breakpoint
CREATE TABLE `unseated` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`exam_id` text NOT NULL,
	`user_id` text NOT NULL,
	`role` text NOT NULL,
	`name` text NOT NULL,
	`extra_minutes` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`exam_id`) REFERENCES `exams`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `unseated_by_exam_user` ON `unseated` (`exam_id`,`user_id`);--> statement-breakpoint
CREATE INDEX `unseated_by_exam` ON `unseated` (`exam_id`,`seq`);--> statement-breakpoint
ALTER TABLE `audio_clips` ADD `is_default` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `audio_clips` ADD `folded_name` text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE INDEX `audio_clips_by_default` ON `audio_clips` (`is_default`,`id`);--> statement-breakpoint
CREATE INDEX `audio_clips_by_url` ON `audio_clips` (`url`);--> statement-breakpoint
ALTER TABLE `participants` ADD `extra_minutes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `exams_by_creator` ON `exams` (`created_by`,`id`);--> statement-breakpoint
UPDATE `audio_clips` SET `folded_name` = lower(`name`);
