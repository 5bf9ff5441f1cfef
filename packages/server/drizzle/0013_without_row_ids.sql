-- These tables have as many rows as messages and records, and only their key finds a row. Without a row id, the key's index is the table.
-- Drizzle does not know WITHOUT ROWID: repeat it in a migration that builds one of these tables anew.
CREATE TABLE `__new_message_readers` (
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`login` text NOT NULL,
	`message_id` integer NOT NULL,
	`type` integer NOT NULL,
	PRIMARY KEY(`room_id`, `login`, `message_id`, `exam_id`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `__new_message_readers`("exam_id", "room_id", "login", "message_id", "type") SELECT "exam_id", "room_id", "login", "message_id", "type" FROM `message_readers` ORDER BY "room_id", "login", "message_id", "exam_id";--> statement-breakpoint
DROP TABLE `message_readers`;--> statement-breakpoint
ALTER TABLE `__new_message_readers` RENAME TO `message_readers`;--> statement-breakpoint
CREATE TABLE `__new_recorded_people` (
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`records` integer DEFAULT 0 NOT NULL,
	`bytes` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`room_id`, `user_id`, `exam_id`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `__new_recorded_people`("exam_id", "room_id", "user_id", "records", "bytes") SELECT "exam_id", "room_id", "user_id", "records", "bytes" FROM `recorded_people` ORDER BY "room_id", "user_id", "exam_id";--> statement-breakpoint
DROP TABLE `recorded_people`;--> statement-breakpoint
ALTER TABLE `__new_recorded_people` RENAME TO `recorded_people`;
