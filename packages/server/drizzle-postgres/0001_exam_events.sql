-- incompatible with the previous version, which does not deliver events that have no room
CREATE INDEX "room_events_of_whole_exams" ON "room_events" ("exam_id", "id") WHERE room_id = '';--> statement-breakpoint
CREATE INDEX "room_events_of_room_ends" ON "room_events" ("room_id", "id") WHERE type = 'room_ended';
