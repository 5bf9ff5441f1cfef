CREATE TABLE `page_visits` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`camera` text NOT NULL,
	`since` integer NOT NULL,
	`left_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `page_visits_by_person` ON `page_visits` (`room_id`,`user_id`);--> statement-breakpoint
CREATE INDEX `stream_events_by_person` ON `stream_events` (`room_id`,`user_id`);