import { examSeriesInput, examSeriesSchema, roomSeriesInput, roomSeriesPageSchema } from "@invigil/schema";
import { staff } from "../../trpc/procedures.js";
import type { SeriesService } from "./service.js";

export const createSeriesProcedures = ({ series }: { series: SeriesService }) => ({
  exam: {
    series: staff("roomsToRun")
      .meta({
        sentence:
          "Returns how many were present, published and were detected in each minute of the last day.",
        access: "Teachers and inspectors: their rooms. Teachers: all rooms of the exams that they created.",
        errors: ["EXAM_NOT_FOUND", "ROOM_NOT_FOUND"],
        rows: 1000,
        longAnswer: true,
      })
      .input(examSeriesInput)
      .output(examSeriesSchema)
      .query(async ({ ctx: { caller, open }, input }) => series.ofExam(caller, await open(input), input)),
    roomSeries: staff("roomsToRun")
      .meta({
        sentence:
          "Returns how many were present, published and were detected in each room of an exam, for each minute of the last hour.",
        access: "Teachers and inspectors: their rooms. Teachers: all rooms of the exams that they created.",
        errors: ["EXAM_NOT_FOUND"],
        rows: 1000,
        longAnswer: true,
      })
      .input(roomSeriesInput)
      .output(roomSeriesPageSchema)
      .query(async ({ ctx: { caller, open }, input }) => series.ofRooms(caller, await open(input), input)),
  },
});
