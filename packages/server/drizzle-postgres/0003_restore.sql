ALTER TABLE "bulk_changes" ADD COLUMN "erase_at" timestamptz;
