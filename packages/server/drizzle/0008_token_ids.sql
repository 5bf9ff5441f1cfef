-- Not every database stores these rows. A token with a longer id is not valid any more, and a later expiry counts as the end of the year 9999.
DELETE FROM `revoked_tokens` WHERE length(CAST(`token_id` AS BLOB)) > 1024;--> statement-breakpoint
UPDATE `revoked_tokens` SET `expires_at` = 253402300799000 WHERE `expires_at` > 253402300799000;
