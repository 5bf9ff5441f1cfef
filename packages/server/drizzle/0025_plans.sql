CREATE TABLE `plans` (
	`exam_id` text NOT NULL,
	`number` integer NOT NULL,
	`new_rooms` integer NOT NULL,
	`seated` integer NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`undone_at` integer,
	PRIMARY KEY(`exam_id`, `number`),
	FOREIGN KEY (`exam_id`) REFERENCES `exams`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE `participants` ADD `plan` integer;--> statement-breakpoint
ALTER TABLE `rooms` ADD `plan` integer;