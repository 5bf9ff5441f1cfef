CREATE TABLE `page_times` (
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`camera` text NOT NULL,
	`left_at` integer,
	`status` text,
	`status_since` integer,
	PRIMARY KEY(`room_id`, `user_id`, `camera`, `exam_id`),
	FOREIGN KEY (`room_id`,`user_id`,`exam_id`) REFERENCES `participants`(`room_id`,`user_id`,`exam_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE `recorded_people` ADD `last_at` integer;--> statement-breakpoint
CREATE INDEX `participants_by_exam` ON `participants` (`exam_id`) WHERE seq IS NOT NULL;