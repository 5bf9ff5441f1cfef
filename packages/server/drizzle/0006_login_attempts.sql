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
CREATE INDEX `login_counters_by_expiry` ON `login_counters` (`expires_at`);