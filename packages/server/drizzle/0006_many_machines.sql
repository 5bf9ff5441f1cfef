CREATE TABLE `event_epochs` (
	`begin` integer PRIMARY KEY NOT NULL,
	`origin` text,
	`started_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `instances` (
	`id` text PRIMARY KEY NOT NULL,
	`lease_until` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `instances_by_lease` ON `instances` (`lease_until`);--> statement-breakpoint
CREATE TABLE `login_counters` (
	`key` text PRIMARY KEY NOT NULL,
	`failures` text NOT NULL,
	`running` text NOT NULL,
	`blocks` integer NOT NULL,
	`blocked_until` integer NOT NULL,
	`trusted_until` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `login_counters_by_expiry` ON `login_counters` (`expires_at`);--> statement-breakpoint
CREATE TABLE `page_claims` (
	`page` text PRIMARY KEY NOT NULL,
	`login_id` text NOT NULL,
	`instance` text NOT NULL,
	`connection` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `page_claims_by_instance` ON `page_claims` (`instance`);--> statement-breakpoint
CREATE TABLE `pruned_events` (
	`exam_id` text PRIMARY KEY NOT NULL,
	`last_id` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `room_exams` (
	`room_id` text PRIMARY KEY NOT NULL,
	`exam_id` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `send_rates` (
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`login` text NOT NULL,
	`whole_at` integer NOT NULL,
	PRIMARY KEY(`room_id`, `login`, `exam_id`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `server_notices` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`instance` text NOT NULL,
	`topic` text NOT NULL,
	`data` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `server_notices_by_instance` ON `server_notices` (`instance`);--> statement-breakpoint
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
CREATE INDEX `stored_files_without_name` ON `stored_files` (`place`,`changed_at`) WHERE name IS NULL;--> statement-breakpoint
DROP VIEW `visible_exams`;--> statement-breakpoint
DROP VIEW `visible_participants`;--> statement-breakpoint
DROP VIEW `visible_rooms`;--> statement-breakpoint
DROP VIEW `visible_unseated`;--> statement-breakpoint
INSERT INTO `room_exams` (`room_id`, `exam_id`) SELECT `id`, `exam_id` FROM `rooms`;--> statement-breakpoint
CREATE TABLE `__new_messages` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`type` integer NOT NULL,
	`data` text NOT NULL,
	`sender_id` text NOT NULL,
	`sender_role` text NOT NULL,
	`sender_camera` text NOT NULL,
	`recipients` text,
	`key` text,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
INSERT INTO `__new_messages`("id", "exam_id", "room_id", "type", "data", "sender_id", "sender_role", "sender_camera", "recipients", "key", "created_at") SELECT "id", coalesce((SELECT `rooms`.`exam_id` FROM `rooms` WHERE `rooms`.`id` = `messages`.`room_id`), ''), "room_id", "type", "data", "sender_id", "sender_role", "sender_camera", "recipients", "key", "created_at" FROM `messages`;--> statement-breakpoint
DELETE FROM `sqlite_sequence` WHERE `name` = '__new_messages';--> statement-breakpoint
INSERT INTO `sqlite_sequence` (`name`, `seq`) SELECT '__new_messages', `seq` FROM `sqlite_sequence` WHERE `name` = 'messages';--> statement-breakpoint
DROP TABLE `messages`;--> statement-breakpoint
ALTER TABLE `__new_messages` RENAME TO `messages`;--> statement-breakpoint
CREATE INDEX `messages_by_room` ON `messages` (`room_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `messages_by_key` ON `messages` (`room_id`,`sender_id`,`sender_camera`,`key`,`exam_id`) WHERE key IS NOT NULL;--> statement-breakpoint
CREATE TABLE `__new_participants` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`role` text NOT NULL,
	`name` text NOT NULL,
	`extra_minutes` integer DEFAULT 0 NOT NULL,
	`main_publish_status` text NOT NULL,
	`pc_publish_status` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`added_by` integer,
	`removed_by` integer,
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
INSERT INTO `__new_participants`("seq", "exam_id", "room_id", "user_id", "role", "name", "extra_minutes", "main_publish_status", "pc_publish_status", "created_at", "updated_at", "added_by", "removed_by") SELECT "seq", coalesce((SELECT `rooms`.`exam_id` FROM `rooms` WHERE `rooms`.`id` = `participants`.`room_id`), ''), "room_id", "user_id", "role", "name", "extra_minutes", "main_publish_status", "pc_publish_status", "created_at", "updated_at", "added_by", "removed_by" FROM `participants`;--> statement-breakpoint
DELETE FROM `sqlite_sequence` WHERE `name` = '__new_participants';--> statement-breakpoint
INSERT INTO `sqlite_sequence` (`name`, `seq`) SELECT '__new_participants', `seq` FROM `sqlite_sequence` WHERE `name` = 'participants';--> statement-breakpoint
DROP TABLE `participants`;--> statement-breakpoint
ALTER TABLE `__new_participants` RENAME TO `participants`;--> statement-breakpoint
CREATE UNIQUE INDEX `participants_by_room_user` ON `participants` (`room_id`,`user_id`,`exam_id`);--> statement-breakpoint
CREATE INDEX `participants_by_room_role` ON `participants` (`room_id`,`role`,`seq`);--> statement-breakpoint
CREATE INDEX `participants_by_user` ON `participants` (`user_id`,`role`,`room_id`);--> statement-breakpoint
CREATE TABLE `__new_stream_events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`camera` text NOT NULL,
	`action` text NOT NULL,
	`event_time` integer NOT NULL,
	`ip` text NOT NULL,
	`node` text NOT NULL,
	`width` integer,
	`height` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
INSERT INTO `__new_stream_events`("id", "exam_id", "room_id", "user_id", "camera", "action", "event_time", "ip", "node", "width", "height", "created_at") SELECT "id", coalesce((SELECT `rooms`.`exam_id` FROM `rooms` WHERE `rooms`.`id` = `stream_events`.`room_id`), ''), "room_id", "user_id", "camera", "action", "event_time", "ip", "node", "width", "height", "created_at" FROM `stream_events`;--> statement-breakpoint
DELETE FROM `sqlite_sequence` WHERE `name` = '__new_stream_events';--> statement-breakpoint
INSERT INTO `sqlite_sequence` (`name`, `seq`) SELECT '__new_stream_events', `seq` FROM `sqlite_sequence` WHERE `name` = 'stream_events';--> statement-breakpoint
DROP TABLE `stream_events`;--> statement-breakpoint
ALTER TABLE `__new_stream_events` RENAME TO `stream_events`;--> statement-breakpoint
CREATE UNIQUE INDEX `stream_events_by_event` ON `stream_events` (`room_id`,`user_id`,`camera`,`event_time`,`action`,`node`,`ip`,`exam_id`);--> statement-breakpoint
CREATE INDEX `stream_events_by_room` ON `stream_events` (`room_id`);--> statement-breakpoint
CREATE TABLE `__new_stream_names` (
	`name` text PRIMARY KEY NOT NULL,
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`camera` text NOT NULL,
	`added_by` integer,
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
INSERT INTO `__new_stream_names`("name", "exam_id", "room_id", "user_id", "camera", "added_by") SELECT "name", coalesce((SELECT `rooms`.`exam_id` FROM `rooms` WHERE `rooms`.`id` = `stream_names`.`room_id`), ''), "room_id", "user_id", "camera", "added_by" FROM `stream_names`;--> statement-breakpoint
DROP TABLE `stream_names`;--> statement-breakpoint
ALTER TABLE `__new_stream_names` RENAME TO `stream_names`;--> statement-breakpoint
CREATE UNIQUE INDEX `stream_names_by_owner` ON `stream_names` (`room_id`,`user_id`,`camera`);--> statement-breakpoint
CREATE TABLE `__new_vendor_tasks` (
	`id` text PRIMARY KEY NOT NULL,
	`exam_id` text NOT NULL,
	`service` text NOT NULL,
	`kind` text NOT NULL,
	`group_id` text NOT NULL,
	`payload` text NOT NULL,
	`due_at` integer NOT NULL,
	`expires_at` integer,
	`attempts` integer DEFAULT 0 NOT NULL,
	`refusals` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
INSERT INTO `__new_vendor_tasks`("id", "exam_id", "service", "kind", "group_id", "payload", "due_at", "expires_at", "attempts", "refusals", "created_at") SELECT "id", coalesce((SELECT `rooms`.`exam_id` FROM `rooms` WHERE `rooms`.`id` = `vendor_tasks`.`group_id`), ''), "service", "kind", "group_id", "payload", "due_at", "expires_at", "attempts", "refusals", "created_at" FROM `vendor_tasks`;--> statement-breakpoint
DROP TABLE `vendor_tasks`;--> statement-breakpoint
ALTER TABLE `__new_vendor_tasks` RENAME TO `vendor_tasks`;--> statement-breakpoint
CREATE INDEX `vendor_tasks_by_due` ON `vendor_tasks` (`service`,`due_at`,`id`);--> statement-breakpoint
CREATE INDEX `vendor_tasks_by_group` ON `vendor_tasks` (`service`,`group_id`,`id`);--> statement-breakpoint
CREATE TABLE `__new_message_readers` (
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`login` text NOT NULL,
	`message_id` integer NOT NULL,
	`type` integer NOT NULL,
	PRIMARY KEY(`room_id`, `login`, `message_id`, `exam_id`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
INSERT INTO `__new_message_readers`("exam_id", "room_id", "login", "message_id", "type") SELECT coalesce((SELECT `rooms`.`exam_id` FROM `rooms` WHERE `rooms`.`id` = `message_readers`.`room_id`), ''), "room_id", "login", "message_id", "type" FROM `message_readers`;--> statement-breakpoint
DROP TABLE `message_readers`;--> statement-breakpoint
ALTER TABLE `__new_message_readers` RENAME TO `message_readers`;--> statement-breakpoint
CREATE TABLE `__new_mutes` (
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`login` text NOT NULL,
	PRIMARY KEY(`room_id`, `login`, `exam_id`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
INSERT INTO `__new_mutes`("exam_id", "room_id", "login") SELECT coalesce((SELECT `rooms`.`exam_id` FROM `rooms` WHERE `rooms`.`id` = `mutes`.`room_id`), ''), "room_id", "login" FROM `mutes`;--> statement-breakpoint
DROP TABLE `mutes`;--> statement-breakpoint
ALTER TABLE `__new_mutes` RENAME TO `mutes`;--> statement-breakpoint
CREATE TABLE `__new_person_changes` (
	`exam_id` text NOT NULL,
	`change_id` integer NOT NULL,
	`place` text NOT NULL,
	`seq` integer NOT NULL,
	`name` text NOT NULL,
	`extra_minutes` integer NOT NULL,
	PRIMARY KEY(`place`, `seq`, `exam_id`)
);
--> statement-breakpoint
INSERT INTO `__new_person_changes`("exam_id", "change_id", "place", "seq", "name", "extra_minutes") SELECT coalesce((SELECT `bulk_changes`.`exam_id` FROM `bulk_changes` WHERE `bulk_changes`.`id` = `person_changes`.`change_id`), ''), "change_id", "place", "seq", "name", "extra_minutes" FROM `person_changes`;--> statement-breakpoint
DROP TABLE `person_changes`;--> statement-breakpoint
ALTER TABLE `__new_person_changes` RENAME TO `person_changes`;--> statement-breakpoint
CREATE INDEX `person_changes_by_change` ON `person_changes` (`change_id`,`place`,`seq`);--> statement-breakpoint
CREATE TABLE `__new_presence` (
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`camera` text NOT NULL,
	`role` text NOT NULL,
	`since` integer NOT NULL,
	`devices` integer DEFAULT 1 NOT NULL,
	`instance` text DEFAULT '' NOT NULL,
	PRIMARY KEY(`room_id`, `user_id`, `camera`, `instance`, `exam_id`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
INSERT INTO `__new_presence`("exam_id", "room_id", "user_id", "camera", "role", "since", "devices", "instance") SELECT coalesce((SELECT `rooms`.`exam_id` FROM `rooms` WHERE `rooms`.`id` = `presence`.`room_id`), ''), "room_id", "user_id", "camera", "role", "since", "devices", '' FROM `presence`;--> statement-breakpoint
DROP TABLE `presence`;--> statement-breakpoint
ALTER TABLE `__new_presence` RENAME TO `presence`;--> statement-breakpoint
CREATE INDEX `presence_by_instance` ON `presence` (`instance`);--> statement-breakpoint
CREATE TABLE `__new_recorded_people` (
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`records` integer DEFAULT 0 NOT NULL,
	`bytes` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`room_id`, `user_id`, `exam_id`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
INSERT INTO `__new_recorded_people`("exam_id", "room_id", "user_id", "records", "bytes") SELECT coalesce((SELECT `rooms`.`exam_id` FROM `rooms` WHERE `rooms`.`id` = `recorded_people`.`room_id`), ''), "room_id", "user_id", "records", "bytes" FROM `recorded_people`;--> statement-breakpoint
DROP TABLE `recorded_people`;--> statement-breakpoint
ALTER TABLE `__new_recorded_people` RENAME TO `recorded_people`;--> statement-breakpoint
CREATE TABLE `__new_seat_generations` (
	`exam_id` text NOT NULL,
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`generation` integer NOT NULL,
	PRIMARY KEY(`room_id`, `user_id`, `exam_id`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
INSERT INTO `__new_seat_generations`("exam_id", "room_id", "user_id", "generation") SELECT coalesce((SELECT `rooms`.`exam_id` FROM `rooms` WHERE `rooms`.`id` = `seat_generations`.`room_id`), ''), "room_id", "user_id", "generation" FROM `seat_generations`;--> statement-breakpoint
DROP TABLE `seat_generations`;--> statement-breakpoint
ALTER TABLE `__new_seat_generations` RENAME TO `seat_generations`;--> statement-breakpoint
ALTER TABLE `room_events` ADD `exam_id` text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE INDEX `room_events_by_exam` ON `room_events` (`exam_id`);--> statement-breakpoint
UPDATE `room_events` SET `exam_id` = coalesce((SELECT `exam_id` FROM `rooms` WHERE `rooms`.`id` = `room_events`.`room_id`), '');--> statement-breakpoint
INSERT INTO `pruned_events` (`exam_id`, `last_id`) SELECT `id`, `deleted`.`last_id` FROM `exams`, (SELECT coalesce((SELECT min(`id`) - 1 FROM `room_events`), (SELECT `seq` FROM `sqlite_sequence` WHERE `name` = 'room_events'), 0) AS `last_id`) AS `deleted` WHERE `deleted`.`last_id` > 0;--> statement-breakpoint
CREATE VIEW `visible_exams` AS select "id", "name", "start_time", "end_time", "video_profile", "created_by", "created_at", "updated_at" from "exams" where "exams"."removed_by" IS NULL OR NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."id" = "exams"."removed_by" AND "bulk_changes"."state" = 'announced'
    AND "bulk_changes"."exam_id" = "exams"."id");--> statement-breakpoint
CREATE VIEW `visible_participants` AS SELECT "seq", "exam_id", "room_id", "user_id", "role", coalesce((SELECT "change"."name" FROM "person_changes" AS "change"
    WHERE "change"."place" = 'seated' AND "change"."seq" = "participants"."seq" AND "change"."exam_id" = "participants"."exam_id"
    AND NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."id" = "change"."change_id" AND "bulk_changes"."state" = 'preparing'
    AND "bulk_changes"."exam_id" = "change"."exam_id")), "participants"."name") AS "name",
    coalesce((SELECT "change"."extra_minutes" FROM "person_changes" AS "change"
    WHERE "change"."place" = 'seated' AND "change"."seq" = "participants"."seq" AND "change"."exam_id" = "participants"."exam_id"
    AND NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."id" = "change"."change_id" AND "bulk_changes"."state" = 'preparing'
    AND "bulk_changes"."exam_id" = "change"."exam_id")), "participants"."extra_minutes") AS "extra_minutes", "main_publish_status", "pc_publish_status",
    "created_at", "updated_at" FROM "participants" WHERE ("participants"."added_by" IS NULL OR NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."id" = "participants"."added_by" AND "bulk_changes"."state" = 'preparing'
    AND "bulk_changes"."exam_id" = "participants"."exam_id"))
    AND ("participants"."removed_by" IS NULL OR NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."id" = "participants"."removed_by" AND "bulk_changes"."state" = 'announced'
    AND "bulk_changes"."exam_id" = "participants"."exam_id"));--> statement-breakpoint
CREATE VIEW `visible_rooms` AS select "id", "exam_id", "name", "status", "audio_status", "im_server", "create_teacher", "ended_at", "created_at", "updated_at" from "rooms" where ("rooms"."added_by" IS NULL OR NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."id" = "rooms"."added_by" AND "bulk_changes"."state" = 'preparing'
    AND "bulk_changes"."exam_id" = "rooms"."exam_id"))
    AND ("rooms"."removed_by" IS NULL OR NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."id" = "rooms"."removed_by" AND "bulk_changes"."state" = 'announced'
    AND "bulk_changes"."exam_id" = "rooms"."exam_id"));--> statement-breakpoint
CREATE VIEW `visible_unseated` AS SELECT "seq", "exam_id", "user_id", "role", coalesce((SELECT "change"."name" FROM "person_changes" AS "change"
    WHERE "change"."place" = 'unseated' AND "change"."seq" = "unseated"."seq" AND "change"."exam_id" = "unseated"."exam_id"
    AND NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."id" = "change"."change_id" AND "bulk_changes"."state" = 'preparing'
    AND "bulk_changes"."exam_id" = "change"."exam_id")), "unseated"."name") AS "name",
    coalesce((SELECT "change"."extra_minutes" FROM "person_changes" AS "change"
    WHERE "change"."place" = 'unseated' AND "change"."seq" = "unseated"."seq" AND "change"."exam_id" = "unseated"."exam_id"
    AND NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."id" = "change"."change_id" AND "bulk_changes"."state" = 'preparing'
    AND "bulk_changes"."exam_id" = "change"."exam_id")), "unseated"."extra_minutes") AS "extra_minutes", "created_at", "updated_at"
    FROM "unseated" WHERE ("unseated"."added_by" IS NULL OR NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."id" = "unseated"."added_by" AND "bulk_changes"."state" = 'preparing'
    AND "bulk_changes"."exam_id" = "unseated"."exam_id"))
    AND ("unseated"."removed_by" IS NULL OR NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."id" = "unseated"."removed_by" AND "bulk_changes"."state" = 'announced'
    AND "bulk_changes"."exam_id" = "unseated"."exam_id"));