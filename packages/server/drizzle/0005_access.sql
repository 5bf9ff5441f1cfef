CREATE TABLE `seat_generations` (
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`generation` integer NOT NULL,
	PRIMARY KEY(`room_id`, `user_id`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
ALTER TABLE `audio_clips` ADD `created_by` text;--> statement-breakpoint
ALTER TABLE `presence` ADD `devices` integer DEFAULT 1 NOT NULL;