CREATE TABLE `audit_entries` (
	`id` text PRIMARY KEY NOT NULL,
	`created_at` integer NOT NULL,
	`actor_id` text NOT NULL,
	`actor_role` text NOT NULL,
	`credential` text NOT NULL,
	`credential_id` text,
	`operator` text,
	`procedure` text NOT NULL,
	`exam_id` text,
	`room_id` text,
	`person_id` text,
	`subject` text,
	`address` text NOT NULL,
	`entry_point` text NOT NULL,
	`request_id` text NOT NULL,
	`outcome` text NOT NULL,
	`times` integer DEFAULT 1 NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_entries_by_exam` ON `audit_entries` (`exam_id`,`id`) WHERE exam_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `audit_entries_by_actor` ON `audit_entries` (`actor_id`,`id`);--> statement-breakpoint
CREATE INDEX `audit_entries_by_person` ON `audit_entries` (`person_id`,`id`) WHERE person_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `audit_entries_by_procedure` ON `audit_entries` (`procedure`,`id`);--> statement-breakpoint
CREATE INDEX `audit_entries_of_people` ON `audit_entries` (`exam_id`,`person_id`) WHERE person_id <> 'erased';