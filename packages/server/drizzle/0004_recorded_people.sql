CREATE TABLE `recorded_people` (
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	PRIMARY KEY(`room_id`, `user_id`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
INSERT INTO `recorded_people` (`room_id`, `user_id`) SELECT DISTINCT `room_id`, `user_id` FROM `cheat_records`;--> statement-breakpoint
DROP INDEX `cheat_records_by_room_user`;