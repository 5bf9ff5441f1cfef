import { endsAtOf, RUNNING } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import type { Camera, Entry } from "../app/entry.js";
import { useWakeLock } from "../app/wake-lock.js";
import { pictureOf } from "../media/devices.js";
import { useCamera } from "../media/use-camera.js";
import { useServerNow } from "../sitting/clock.js";
import { createReporter, type Report, type ReportedChecks } from "../sitting/readiness-reporter.js";
import { stageOf } from "../sitting/stage.js";
import { type Opened, useLiveSitting, useOpening } from "../sitting/use-sitting.js";
import { createSound } from "../sound.js";
import { After } from "./after.js";
import { useMessages } from "./during/use-messages.js";
import { Plain, Refused } from "./plain.js";

const Before = lazy(() =>
  import("./before/before.js").then(({ Before: component }) => ({ default: component })),
);
const During = lazy(() =>
  import("./during/during.js").then(({ During: component }) => ({ default: component })),
);

/** The tab keeps in which room its person has entered the exam, so that a reload leads back into it. */
const ENTERED = "invigil.sit.entered";
const enteredKey = ({ roomId, userId }: Entry, camera: Camera): string => `${camera} ${roomId} ${userId}`;

export function Sit({
  entry,
  camera,
  onMove,
}: {
  entry: Entry;
  camera: Camera;
  onMove: (to: Entry) => void;
}) {
  const client = useInvigilClient();
  const texts = useTranslations();
  const { opened, problem, open } = useOpening(
    client,
    { roomId: entry.roomId, camera },
    ({ roomId, token = entry.token }) => {
      const to = { ...entry, roomId, token };
      // Who has entered the exam has entered it in the new room, also after a reload.
      if (sessionStorage.getItem(ENTERED) === enteredKey(entry, camera))
        sessionStorage.setItem(ENTERED, enteredKey(to, camera));
      onMove(to);
    },
  );
  if (opened) return <Seated entry={entry} page={camera} opened={opened} open={open} />;
  return problem ? (
    <Refused entry={entry} problem={problem} onRetry={open} />
  ) : (
    <Plain title={texts("title")} text={texts("opening")} />
  );
}

function Seated({
  entry,
  page,
  opened,
  open,
}: {
  entry: Entry;
  page: Camera;
  opened: Opened;
  open: () => void;
}) {
  const client = useInvigilClient();
  const t = useTranslations("problems");
  const { roomId } = entry;
  const { sitting, ahead } = opened;
  const { exam } = sitting;
  const now = useServerNow(ahead);
  const live = useLiveSitting(opened, { roomId, camera: page, open });
  const { room, me } = live;

  const key = enteredKey(entry, page);
  const [hasEntered, setHasEntered] = useState(() => sessionStorage.getItem(ENTERED) === key);
  const wasReloaded = useRef(hasEntered).current;
  const enter = () => {
    sessionStorage.setItem(ENTERED, key);
    setHasEntered(true);
  };

  const picture = useMemo(() => pictureOf(exam.videoProfile), [exam.videoProfile]);
  const devices = useCamera(picture);
  const [sound] = useState(createSound);

  const [own, setOwn] = useState<ReportedChecks>({});
  const report = useMemo(() => {
    const send = createReporter((checks) => client.attempt.reportReadiness.mutate({ roomId, checks }));
    const note: Report = (check, result) => {
      setOwn((before) => ({ ...before, [check]: result }));
      send(check, result);
    };
    return note;
  }, [client, roomId]);

  const messages = useMessages({ roomId, userId: sitting.self.userId, camera: page }, sound);

  const attempt = me?.attempt;
  const times = { ...exam, extraMinutes: me?.extraMinutes ?? 0 };
  // While the person is not in the room any more, what the server said last is all that is known.
  const endsAt = me ? endsAtOf(times, attempt ?? RUNNING, now) : sitting.endsAt;
  const stage = stageOf({ room: room.room.status, attempt, endsAt, hasEntered }, now);
  useWakeLock(stage === "during");
  // Staff tell those who are in the checks from those who are in the exam.
  const isToTell = stage === "during" && page === "main" && !me?.readiness?.checks.entered;
  useEffect(() => {
    if (isToTell) report("entered", { result: "passed" });
  }, [isToTell, report]);
  const { start, stop } = devices;
  const isOff = devices.state.is === "off";
  useEffect(() => {
    if (stage === "after") stop();
    // After a reload, the browser remembers what it may do.
    else if (stage === "during" && isOff) start();
  }, [stage, isOff, start, stop]);
  useEffect(() => {
    document.title = exam.name;
  }, [exam.name]);

  const unlock = useCallback(() => sound.unlock(), [sound]);
  // Whether they were removed or moved is what `open` finds out.
  const closed = live.closed === "notYours" ? undefined : live.closed;
  if (closed && stage !== "after" && closed !== "over")
    return <Refused entry={entry} problem={closed} onRetry={open} />;
  if (stage === "after" || closed)
    return (
      <After
        entry={entry}
        sitting={sitting}
        attempt={attempt}
        room={room.room.status}
        messages={messages}
        onLook={open}
      />
    );
  if (!sitting.canPublish) return <Plain title={t("notHere.title")} text={t("notHere.text")} />;
  const shared = { entry, page, sitting, live, devices, picture, now, endsAt, own, sound, messages };
  return (
    <Suspense fallback={null}>
      {stage === "before" ? (
        <Before
          {...shared}
          report={report}
          open={open}
          onEnter={() => {
            void unlock();
            enter();
          }}
        />
      ) : (
        <During {...shared} report={report} wasReloaded={wasReloaded} />
      )}
    </Suspense>
  );
}
