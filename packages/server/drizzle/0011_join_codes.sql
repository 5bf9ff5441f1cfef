CREATE TABLE `join_codes` (
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`page` text NOT NULL,
	`digest` text NOT NULL,
	PRIMARY KEY(`room_id`, `user_id`, `page`, `exam_id`),
	FOREIGN KEY (`room_id`,`user_id`,`exam_id`) REFERENCES `participants`(`room_id`,`user_id`,`exam_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `join_codes_by_digest` ON `join_codes` (`digest`,`exam_id`);