CREATE TABLE `audio_clips` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`classify` integer NOT NULL,
	`url` text NOT NULL,
	`oss_url` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audio_clips_by_class` ON `audio_clips` (`classify`,`id`);--> statement-breakpoint
CREATE TABLE `cheat_configs` (
	`exam_id` text PRIMARY KEY NOT NULL,
	`data` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`exam_id`) REFERENCES `exams`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `cheat_records` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`detect_type` text NOT NULL,
	`is_main_monitor` integer NOT NULL,
	`detect_time` integer NOT NULL,
	`extra_info` text NOT NULL,
	`extra_info_is_object` integer NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `cheat_records_by_room` ON `cheat_records` (`room_id`);--> statement-breakpoint
CREATE INDEX `cheat_records_by_exam` ON `cheat_records` (`exam_id`);--> statement-breakpoint
CREATE INDEX `cheat_records_by_room_user` ON `cheat_records` (`room_id`,`user_id`);--> statement-breakpoint
CREATE TABLE `exam_audio` (
	`id` text PRIMARY KEY NOT NULL,
	`exam_id` text NOT NULL,
	`clip_id` text NOT NULL,
	`start_time` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`exam_id`) REFERENCES `exams`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`clip_id`) REFERENCES `audio_clips`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `exam_audio_by_exam` ON `exam_audio` (`exam_id`,`start_time`,`id`);--> statement-breakpoint
CREATE INDEX `exam_audio_by_clip` ON `exam_audio` (`clip_id`);--> statement-breakpoint
CREATE TABLE `exams` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`start_time` integer NOT NULL,
	`end_time` integer NOT NULL,
	`video_profile` text,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `participants` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`role` text NOT NULL,
	`name` text NOT NULL,
	`main_publish_status` text NOT NULL,
	`pc_publish_status` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `participants_by_room_user` ON `participants` (`room_id`,`user_id`);--> statement-breakpoint
CREATE INDEX `participants_by_room_role` ON `participants` (`room_id`,`role`,`seq`);--> statement-breakpoint
CREATE INDEX `participants_by_user` ON `participants` (`user_id`,`role`,`room_id`);--> statement-breakpoint
CREATE TABLE `rooms` (
	`id` text PRIMARY KEY NOT NULL,
	`exam_id` text NOT NULL,
	`name` text NOT NULL,
	`status` text NOT NULL,
	`audio_status` text NOT NULL,
	`im_server` text NOT NULL,
	`create_teacher` text NOT NULL,
	`ended_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`exam_id`) REFERENCES `exams`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `rooms_by_exam` ON `rooms` (`exam_id`,`id`);--> statement-breakpoint
CREATE INDEX `rooms_by_status` ON `rooms` (`status`,`id`);--> statement-breakpoint
CREATE INDEX `rooms_by_exam_status` ON `rooms` (`exam_id`,`status`,`id`);--> statement-breakpoint
CREATE TABLE `stream_names` (
	`name` text PRIMARY KEY NOT NULL,
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`camera` text NOT NULL,
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `stream_names_by_owner` ON `stream_names` (`room_id`,`user_id`,`camera`);