ALTER TABLE `audio_clips` ADD `created_by` text;--> statement-breakpoint
ALTER TABLE `audio_clips` ADD `bytes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `audio_clips_by_creator` ON `audio_clips` (`created_by`,`bytes`);--> statement-breakpoint
CREATE INDEX `audio_clips_by_bytes` ON `audio_clips` (`bytes`);--> statement-breakpoint
ALTER TABLE `recorded_people` ADD `records` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `recorded_people` ADD `bytes` integer DEFAULT 0 NOT NULL;