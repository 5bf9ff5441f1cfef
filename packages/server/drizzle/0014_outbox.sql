CREATE TABLE `dead_letters` (
	`id` text PRIMARY KEY NOT NULL,
	`exam_id` text NOT NULL,
	`queue` text NOT NULL,
	`kind` text NOT NULL,
	`key` text NOT NULL,
	`payload` text NOT NULL,
	`reason` text NOT NULL,
	`last_error` text,
	`attempts` integer NOT NULL,
	`created_at` integer NOT NULL,
	`died_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `dead_letters_by_exam` ON `dead_letters` (`exam_id`);--> statement-breakpoint
CREATE INDEX `dead_letters_by_time` ON `dead_letters` (`died_at`);--> statement-breakpoint
DROP INDEX `vendor_tasks_by_due`;--> statement-breakpoint
ALTER TABLE `vendor_tasks` ADD `last_error` text;--> statement-breakpoint
CREATE INDEX `vendor_tasks_by_due` ON `vendor_tasks` (`service`,`due_at`,`id`,`exam_id`,`kind`);