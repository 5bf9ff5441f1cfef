ALTER TABLE `talks` ADD `heard_at` integer;--> statement-breakpoint
ALTER TABLE `talks` ADD `is_heard` integer DEFAULT false NOT NULL;