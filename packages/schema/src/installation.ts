import { z } from "zod";

export const installationInfoSchema = z
  .object({
    auth: z
      .enum(["required", "off"])
      .describe("Whether calls need a token. `off`: a demo, in which every caller is an administrator."),
    isDemo: z.boolean().describe("Whether the server was started as the demo, with data that is made up."),
    timeZone: z.string().describe("The time zone in which this installation shows times."),
    canWatch: z
      .boolean()
      .describe(
        "Whether a media server carries the cameras: browsers publish with `stream.publish` and watch with `stream.watch`.",
      ),
    usesCandidatePage: z
      .boolean()
      .describe("Whether examinees sit exams on this server's page, because no app is set for them."),
    restoreDays: z
      .int()
      .describe("For how many days a deleted exam can be restored. 0: a deletion erases the exam at once."),
  })
  .describe("Output of `installation.info`: what a page needs to know before anybody has signed in.");
export type InstallationInfo = z.infer<typeof installationInfoSchema>;

export const runningServerSchema = z
  .object({
    id: z
      .string()
      .describe(
        "The id of the server, which changes when it restarts. Empty for the only server of a database.",
      ),
    startedAt: z
      .date()
      .optional()
      .describe("When the server started. Absent: it runs an earlier version, which does not say."),
    renewedAt: z.date().describe("When the server last said that it runs. It does so every five seconds."),
    version: z
      .string()
      .optional()
      .describe("The version of Invigil. Absent: an earlier version, which does not say."),
    isThis: z.boolean().describe("Whether this server answered the call."),
  })
  .describe("A server of the installation.");
export type RunningServer = z.infer<typeof runningServerSchema>;

export const runningServersSchema = z
  .object({
    servers: z
      .array(runningServerSchema)
      .describe("The servers that run, those that started first at first. A command sees none with SQLite."),
  })
  .describe("Output of `installation.servers`.");

const amountName = z.string().describe("The name of the setting.");

export const installationUsageSchema = z
  .object({
    database: z
      .object({
        kind: z.enum(["sqlite", "postgres"]).describe("Which database the installation uses."),
        bytes: z.number().describe("The size of the database in bytes."),
      })
      .describe("The database."),
    disk: z
      .object({
        freeBytes: z
          .number()
          .optional()
          .describe(
            "The free space in bytes: that of the database's file or of the data folder, where there is less. It includes pages of the file that hold nothing. Absent: unknown.",
          ),
        reserveBytes: z
          .number()
          .describe("The free space in bytes below which writes are refused. 0: they never are."),
      })
      .describe("The disk of this server."),
    audioBytes: z.number().describe("The size of all uploaded audio files in bytes."),
    exams: z.int().describe("The number of exams, without deleted ones."),
    underWay: z
      .object({
        rooms: z
          .int()
          .describe("The rooms in progress whose exam was held, or in which a person was present."),
        present: z.int().describe("The examinees in them who had a page connected."),
        publishing: z.int().describe("The examinees in them who sent a stream."),
      })
      .describe("What was under way in the last minute."),
    streams: z
      .object({
        service: z
          .enum(["aliyun", "embedded"])
          .describe(
            "What carries the streams of cameras: the vendor's stream service, or the embedded media server.",
          ),
        most: z.int().describe("How many streams it carries at the same time. A camera is a stream."),
      })
      .optional()
      .describe("What carries the streams. Absent: the server runs an earlier version, which does not say."),
    connections: z.int().describe("The WebSockets and SSE connections of people to this server."),
    subscriptions: z.int().describe("The subscriptions of people at this server."),
    limits: z
      .array(
        z
          .object({
            name: amountName,
            of: z
              .string()
              .describe("Whose limit it is: of a person, an administrator, an address, a room or an exam."),
            perMinute: z.number().describe("How much may be done in a minute."),
          })
          .describe("A limit."),
      )
      .describe("How much may be done in a minute, as the settings have it: sizes are in MiB."),
    quotas: z
      .array(
        z
          .object({ name: amountName, most: z.number().describe("How much may be stored.") })
          .describe("A quota, or another bound."),
      )
      .describe("How much may be stored, and how many connections a server accepts."),
  })
  .describe("Output of `installation.usage`.");
export type InstallationUsage = z.infer<typeof installationUsageSchema>;
