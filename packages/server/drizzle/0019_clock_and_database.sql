CREATE TABLE `pruning_clock` (
	`name` text PRIMARY KEY NOT NULL,
	`time` integer NOT NULL,
	`waited_ms` integer NOT NULL
);
--> statement-breakpoint
INSERT INTO `pruning_clock` SELECT 'pruning', max(`newest`.`created_at`), 0 FROM (
	SELECT * FROM (SELECT `created_at` FROM `audit_entries` ORDER BY `id` DESC LIMIT 1)
	UNION ALL SELECT * FROM (SELECT `created_at` FROM `exams` ORDER BY `id` DESC LIMIT 1)
	UNION ALL SELECT * FROM (SELECT `created_at` FROM `room_events` ORDER BY `id` DESC LIMIT 1)
) AS `newest` HAVING max(`newest`.`created_at`) IS NOT NULL;
--> statement-breakpoint
ALTER TABLE `event_epochs` ADD `database_oid` integer;--> statement-breakpoint
DELETE FROM `pruned_events` WHERE NOT EXISTS (SELECT 1 FROM `exams` WHERE `exams`.`id` = `pruned_events`.`exam_id`);