ALTER TABLE "instances" ADD COLUMN "claimed_until" timestamptz;
