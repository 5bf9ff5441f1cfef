CREATE TABLE `exam_people` (
	`exam_id` text NOT NULL,
	`user_id` text NOT NULL,
	`identity` text,
	`identity_at` integer,
	`written` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`exam_id`, `user_id`)
);
--> statement-breakpoint
ALTER TABLE `exam_entries` ADD `about_time` integer;