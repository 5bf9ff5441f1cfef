CREATE TABLE `stored_file_chunks` (
	`file_id` text NOT NULL,
	`position` integer NOT NULL,
	`content` blob NOT NULL,
	PRIMARY KEY(`file_id`, `position`),
	FOREIGN KEY (`file_id`) REFERENCES `stored_files`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `stored_files` (
	`id` text PRIMARY KEY NOT NULL,
	`place` text NOT NULL,
	`name` text,
	`bytes` integer NOT NULL,
	`leaving` integer DEFAULT false NOT NULL,
	`changed_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `stored_files_by_name` ON `stored_files` (`place`,`name`);--> statement-breakpoint
CREATE INDEX `stored_files_without_name` ON `stored_files` (`place`,`changed_at`) WHERE name IS NULL;