import type { ExamSeries } from "@invigil/schema";
import type { Command } from "commander";
import { jsonOption } from "./arguments.js";
import { withLocalApp } from "./local-app.js";
import { findExam, findRoom } from "./lookup.js";
import { print, table } from "./output.js";
import type { CommandRun } from "./run.js";
import { parseTime, type TimeFormatter, timeFormatter } from "./time.js";

interface SeriesOptions {
  room?: string;
  since?: string;
  json?: true;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const seriesText = ({ start, present, publishing, detections }: ExamSeries, format: TimeFormatter): string =>
  table(
    ["MINUTE", "PRESENT", "PUBLISHING", "DETECTIONS"],
    present.map((number, index) => [
      format(new Date(start.getTime() + index * MINUTE_MS)),
      number ?? "-",
      publishing[index] ?? "-",
      detections[index] ?? "-",
    ]),
  );

/** Adds the command `exam series`. */
export const addSeries = (exam: Command, run: CommandRun): void => {
  exam
    .command("series")
    .description("show how many candidates were present, published and were detected, minute by minute")
    .argument("<exam>", "the id or name of the exam")
    .option("--room <room>", "only one room, specified by its id or name")
    .option(
      "--since <time>",
      "from this time on, at most 24 hours back, as '2026-06-07 09:00', today, 'yesterday 21:00' or ISO; default: an hour ago",
    )
    .addOption(jsonOption())
    .action((text: string, { room, since, json }: SeriesOptions) =>
      withLocalApp(run, async ({ call, config: { timeZone }, deps }) => {
        const now = deps.clock();
        const found = await findExam(call, text);
        const series = await call.exam.series({
          examId: found.id,
          roomId: room === undefined ? undefined : (await findRoom(call, room, found)).id,
          since:
            since === undefined
              ? new Date(now.getTime() - HOUR_MS)
              : parseTime(since, { option: "--since", timeZone, now, past: true }),
        });
        print(run, json, series, () =>
          series.present.length === 0
            ? "Nothing was counted in that time: no room was under way, or no server ran."
            : seriesText(series, timeFormatter(timeZone)),
        );
      }),
    );
};
