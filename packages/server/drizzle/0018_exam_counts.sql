DROP INDEX `participants_by_exam`;--> statement-breakpoint
CREATE INDEX `participants_by_exam` ON `participants` (`exam_id`,`seq`,`role`,`added_by`,`removed_by`) WHERE seq IS NOT NULL;--> statement-breakpoint
DROP INDEX `rooms_by_exam`;--> statement-breakpoint
CREATE INDEX `rooms_by_exam` ON `rooms` (`exam_id`,`id`,`added_by`,`removed_by`);--> statement-breakpoint
DROP INDEX `unseated_by_exam`;--> statement-breakpoint
CREATE INDEX `unseated_by_exam` ON `unseated` (`exam_id`,`seq`,`role`,`added_by`,`removed_by`);