CREATE TABLE `hands` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`kind` text NOT NULL,
	`status` text NOT NULL,
	`text` text,
	`note` text,
	`taken_by` text,
	`created_at` integer NOT NULL,
	`granted_at` integer,
	`resolved_at` integer,
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `hands_open` ON `hands` (`room_id`,`user_id`,`exam_id`) WHERE resolved_at IS NULL;--> statement-breakpoint
CREATE INDEX `hands_by_person` ON `hands` (`user_id`,`room_id`);--> statement-breakpoint
CREATE INDEX `hands_by_room` ON `hands` (`room_id`);--> statement-breakpoint
CREATE INDEX `hands_by_exam` ON `hands` (`exam_id`);