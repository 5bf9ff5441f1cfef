CREATE TABLE "stored_files" (
  "id" text COLLATE "C" PRIMARY KEY,
  "place" text COLLATE "C" NOT NULL,
  "name" text COLLATE "C",
  "bytes" bigint NOT NULL,
  "leaving" boolean NOT NULL DEFAULT false,
  "changed_at" timestamptz NOT NULL
);--> statement-breakpoint
CREATE UNIQUE INDEX "stored_files_by_name" ON "stored_files" ("place", "name");--> statement-breakpoint
CREATE INDEX "stored_files_without_name" ON "stored_files" ("place", "changed_at") WHERE name IS NULL;--> statement-breakpoint
CREATE TABLE "stored_file_chunks" (
  "file_id" text COLLATE "C" NOT NULL,
  "position" bigint NOT NULL,
  "content" bytea NOT NULL,
  PRIMARY KEY ("file_id", "position")
);--> statement-breakpoint
ALTER TABLE "stored_file_chunks" ADD FOREIGN KEY ("file_id") REFERENCES "stored_files" ("id");
