ALTER TABLE "talks" ADD COLUMN "heard_at" timestamptz;--> statement-breakpoint
ALTER TABLE "talks" ADD COLUMN "is_heard" boolean NOT NULL DEFAULT false;
