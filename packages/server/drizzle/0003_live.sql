CREATE TABLE `message_readers` (
	`room_id` text NOT NULL,
	`login` text NOT NULL,
	`message_id` integer NOT NULL,
	`type` integer NOT NULL,
	PRIMARY KEY(`room_id`, `login`, `message_id`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `messages` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`room_id` text NOT NULL,
	`type` integer NOT NULL,
	`data` text NOT NULL,
	`sender_id` text NOT NULL,
	`sender_role` text NOT NULL,
	`sender_camera` text NOT NULL,
	`recipients` text,
	`key` text,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `messages_by_room` ON `messages` (`room_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `messages_by_key` ON `messages` (`room_id`,`sender_id`,`sender_camera`,`key`) WHERE key IS NOT NULL;--> statement-breakpoint
CREATE TABLE `mutes` (
	`room_id` text NOT NULL,
	`login` text NOT NULL,
	PRIMARY KEY(`room_id`, `login`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `presence` (
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`camera` text NOT NULL,
	`role` text NOT NULL,
	`since` integer NOT NULL,
	PRIMARY KEY(`room_id`, `user_id`, `camera`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `room_events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`room_id` text NOT NULL,
	`type` text NOT NULL,
	`data` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `room_events_by_room` ON `room_events` (`room_id`);