CREATE TABLE `stream_events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`camera` text NOT NULL,
	`action` text NOT NULL,
	`event_time` integer NOT NULL,
	`ip` text NOT NULL,
	`node` text NOT NULL,
	`width` integer,
	`height` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `stream_events_by_event` ON `stream_events` (`room_id`,`user_id`,`camera`,`event_time`,`action`,`node`,`ip`);--> statement-breakpoint
CREATE INDEX `stream_events_by_room` ON `stream_events` (`room_id`);--> statement-breakpoint
CREATE TABLE `vendor_tasks` (
	`id` text PRIMARY KEY NOT NULL,
	`service` text NOT NULL,
	`kind` text NOT NULL,
	`group_id` text NOT NULL,
	`payload` text NOT NULL,
	`due_at` integer NOT NULL,
	`expires_at` integer,
	`attempts` integer DEFAULT 0 NOT NULL,
	`refusals` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `vendor_tasks_by_due` ON `vendor_tasks` (`service`,`due_at`,`id`);--> statement-breakpoint
CREATE INDEX `vendor_tasks_by_group` ON `vendor_tasks` (`service`,`group_id`,`id`);