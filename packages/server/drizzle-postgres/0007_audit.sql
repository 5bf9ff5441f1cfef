CREATE TABLE "audit_entries" (
  "id" text COLLATE "C" NOT NULL,
  "created_at" timestamptz NOT NULL,
  "actor_id" text COLLATE "C" NOT NULL,
  "actor_role" text COLLATE "C" NOT NULL,
  "credential" text COLLATE "C" NOT NULL,
  "credential_id" text COLLATE "C",
  "operator" text COLLATE "C",
  "procedure" text COLLATE "C" NOT NULL,
  "exam_id" text COLLATE "C",
  "room_id" text COLLATE "C",
  "person_id" text COLLATE "C",
  "subject" text COLLATE "C",
  "address" text COLLATE "C" NOT NULL,
  "entry_point" text COLLATE "C" NOT NULL,
  "request_id" text COLLATE "C" NOT NULL,
  "outcome" text COLLATE "C" NOT NULL,
  "times" bigint NOT NULL DEFAULT 1,
  PRIMARY KEY ("id")
);--> statement-breakpoint
CREATE INDEX "audit_entries_by_exam" ON "audit_entries" ("exam_id", "id") WHERE exam_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX "audit_entries_by_actor" ON "audit_entries" ("actor_id", "id");--> statement-breakpoint
CREATE INDEX "audit_entries_by_person" ON "audit_entries" ("person_id", "id") WHERE person_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX "audit_entries_by_procedure" ON "audit_entries" ("procedure", "id");--> statement-breakpoint
CREATE INDEX "audit_entries_of_people" ON "audit_entries" ("exam_id", "person_id") WHERE person_id <> 'erased';
