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
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `message_logins_by_person` ON `message_logins` (`user_id`,`camera`,`holder_id`);--> statement-breakpoint
CREATE INDEX `message_logins_by_expiry` ON `message_logins` (`expires_at`);