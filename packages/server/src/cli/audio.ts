import { open } from "node:fs/promises";
import { type AudioClip, type AudioPage, uploadAudioInput } from "@invigil/schema";
import { type Command, Option } from "commander";
import { parsed } from "../platform/errors.js";
import { SetupError } from "../platform/setup-error.js";
import { reasonOfSystem } from "../platform/system-errors.js";
import { jsonOption, parseWholeNumber, quietListOption, quietOption } from "./arguments.js";
import { addAudioCopy } from "./audio-copy.js";
import { confirmByName, yesOption } from "./confirm.js";
import { withLocalApp } from "./local-app.js";
import { findExam } from "./lookup.js";
import type { LocalApp } from "./open-local-app.js";
import { print, printCreated, printList, table } from "./output.js";
import type { CommandRun } from "./run.js";
import { formatTime, parseTime } from "./time.js";

interface ClipOptions {
  name?: string;
  classify?: number;
  default?: boolean;
}
interface OutputOptions {
  json?: true;
  quiet?: true;
}

const PAGE_SIZE = 100;
const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);

/** Adds a file to the library, with the same checks as an upload. */
const addFile = async (
  { services, operatorIn }: LocalApp,
  path: string,
  described: object,
): Promise<AudioClip> => {
  const file = await open(path).catch((error: unknown) => {
    throw new SetupError(`The file ${path} cannot be read: ${reasonOfSystem(error)}`);
  });
  await using _ = file;
  if (!(await file.stat()).isFile()) throw new SetupError(`${path} is not a file`);
  return await services.audio.upload(operatorIn("audio.upload"), {
    content: file.createReadStream(),
    metadata: () => parsed(uploadAudioInput, described),
  });
};

/** All clips that match a filter, from all pages. */
const allClips = async ({ call }: LocalApp, filter: ClipOptions): Promise<AudioClip[]> => {
  const list: AudioClip[] = [];
  let page: AudioPage;
  do {
    page = await call.audio.list({ ...filter, pageNum: list.length / PAGE_SIZE + 1, pageSize: PAGE_SIZE });
    list.push(...page.list);
  } while (page.list.length === PAGE_SIZE);
  return list;
};

const clipTable = (list: readonly AudioClip[]): string =>
  table(
    ["ID", "CLASS", "DEFAULT", "NAME", "URL"],
    list.map(({ id, classify, isDefault, name, url }) => [id, classify, isDefault ? "yes" : "", name, url]),
  );

const addLibrary = (audio: Command, run: CommandRun): void => {
  audio
    .command("add")
    .description(
      "add a clip: a file (mp3, wav, ogg or m4a, at most 20 MiB), or a URL, whose file is not copied",
    )
    .argument("<file|url>")
    .requiredOption("--name <name>", "the name of the clip")
    .option("--classify <number>", "the class of the clip, a number that you choose", parseWholeNumber)
    .option("--default", "offer it in exams without manual audio of their own")
    .addOption(quietOption())
    .addOption(jsonOption())
    .action(
      (
        source: string,
        { json, quiet, default: isDefault, ...described }: ClipOptions & OutputOptions & { name: string },
      ) =>
        withLocalApp(run, async (app) => {
          const clip = isUrl(source)
            ? await app.call.audio.create({ ...described, isDefault, url: source })
            : await addFile(app, source, { ...described, isDefault });
          printCreated(
            run,
            { json, quiet },
            clip,
            () => `Added the clip ${clip.name}, ${clip.id}: ${clip.url}`,
          );
        }),
    );

  audio
    .command("list")
    .description("list the library's clips")
    .option("--name <text>", "only clips whose name contains this text")
    .option("--classify <number>", "only clips of this class", parseWholeNumber)
    .addOption(quietListOption())
    .addOption(jsonOption())
    .action(({ json, quiet, ...filter }: ClipOptions & OutputOptions) =>
      withLocalApp(run, async (app) => {
        const list = await allClips(app, filter);
        printList(run, { json, quiet }, list, {
          id: ({ id }) => id,
          forPeople: () => (list.length === 0 ? "No clips were found." : clipTable(list)),
        });
      }),
    );

  audio
    .command("update")
    .description("change the name, class or default of a clip")
    .argument("<clip>", "the id of the clip")
    .option("--name <name>", "the name of the clip")
    .option("--classify <number>", "the class of the clip, a number that you choose", parseWholeNumber)
    .option("--default", "offer it in exams without manual audio of their own")
    .option("--no-default", "no longer offer it by default")
    .addOption(jsonOption())
    .action((clipId: string, { json, default: isDefault, ...changes }: ClipOptions & OutputOptions) =>
      withLocalApp(run, async ({ call }) => {
        const clip = await call.audio.update({ clipId, ...changes, isDefault });
        print(run, json, clip, () => clipTable([clip]));
      }),
    );

  audio
    .command("delete")
    .description(
      "delete a clip that no exam uses, and its file if no other clip uses it; asks for the clip's name",
    )
    .argument("<clip>", "the id of the clip")
    .addOption(yesOption())
    .addOption(jsonOption())
    .action((clipId: string, { json, yes }: OutputOptions & { yes?: true }) =>
      withLocalApp(run, async (app) => {
        const { call } = app;
        const found = (await allClips(app, {})).find(({ id }) => id === clipId);
        const does = "This deletes the clip for good, and its file if no other clip uses it.";
        if (found) await confirmByName(run, { yes }, { does, of: "clip", name: found.name });
        await call.audio.delete({ clipId });
        print(run, json, { clipId, deleted: true }, () => `Deleted the clip ${clipId}.`);
      }),
    );
};

const addAttachments = (audio: Command, run: CommandRun): void => {
  const exam = () => new Option("--exam <exam>", "the id or name of the exam").makeOptionMandatory();

  audio
    .command("attach")
    .description("attach a clip to an exam")
    .argument("<clip>", "the id of the clip")
    .addOption(exam())
    .option("--at <time>", "when the exam plays it; by default, the teacher starts it by hand")
    .addOption(quietOption())
    .addOption(jsonOption())
    .action((clipId: string, { json, quiet, exam, at }: OutputOptions & { exam: string; at?: string }) =>
      withLocalApp(run, async ({ call, config: { timeZone }, deps }) => {
        const { id: examId, name, startTime: day } = await findExam(call, exam);
        const startTime =
          at === undefined ? at : parseTime(at, { option: "--at", timeZone, now: deps.clock(), day });
        const attached = await call.audio.attach({ examId, clipId, startTime });
        const when = attached.startTime
          ? `at ${formatTime(attached.startTime, timeZone)}`
          : "when the teacher starts it";
        printCreated(
          run,
          { json, quiet },
          attached,
          () => `The exam ${name} plays ${attached.name} ${when}: ${attached.id}`,
        );
      }),
    );

  audio
    .command("detach")
    .description("detach a clip from an exam")
    .argument("<attachment>", "the id of the attachment: see 'invigil exam show'")
    .addOption(exam())
    .addOption(jsonOption())
    .action((attachmentId: string, { json, exam }: OutputOptions & { exam: string }) =>
      withLocalApp(run, async ({ call }) => {
        const { id: examId } = await findExam(call, exam);
        await call.audio.detach({ examId, attachmentId });
        print(run, json, { examId, attachmentId, detached: true }, () => `Detached ${attachmentId}.`);
      }),
    );
};

export const addAudio = (program: Command, run: CommandRun): void => {
  const audio = program.command("audio").description("manage the audio library and the audio of exams");
  addLibrary(audio, run);
  addAttachments(audio, run);
  addAudioCopy(audio, run);
};
