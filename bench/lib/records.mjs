// The cheat records of the benchmark. All contenders write the same ones.

export const EXAMINEES = 500;
export const RECORDS_PER_CALL = 2;
/** The number of concurrent calls that write, and of calls per transaction of raw SQLite. */
export const CALLS = 64;

const DETECT_TYPES = ["scenePersonExit", "manyPeople", "headShaking", "cellPhone"];
const DETECTORS = 7;
const FIRST_TIME = Date.UTC(2026, 0, 2);

export const examinee = (n) => `examinee${(n % EXAMINEES) + 1}`;
/** The first teacher creates the room. */
const teacher = (n) => `teacher${n + 2}`;

/** The people of the room. One call adds at most 500. */
export const examinees = Array.from({ length: EXAMINEES }, (_, n) => ({
  userId: examinee(n),
  name: `Examinee ${n + 1}`,
  role: "examinee",
}));
export const teachers = Array.from({ length: CALLS }, (_, n) => ({
  userId: teacher(n),
  name: `Teacher ${n + 2}`,
  role: "teacher",
}));
/** Who sends each of 64 concurrent calls. The calls of one person would wait for each other. */
export const byExaminee = (n) => ({ userId: examinee(n), role: "examinee" });
export const byTeacher = (n) => ({ userId: teacher(n), role: "teacher" });
/** @returns a request for each of 64 concurrent calls */
export const ofEach = (callers, requestOf) =>
  Array.from({ length: CALLS }, (_, n) => ({ ...requestOf(n), caller: callers(n) }));

/** Records at this distance differ only in their time: 500 examinees, 4 types, 2 cameras, 7 detectors. */
export const PERIOD = 3500;
const INTERVAL_MS = 1000;

export const recordOf = (n) => ({
  userId: examinee(n),
  detectType: DETECT_TYPES[n % DETECT_TYPES.length],
  isMainMonitor: n % 2 === 0,
  detectTime: FIRST_TIME + n * INTERVAL_MS,
  extraInfo: { message: `${examinee(n)}: seen by detector ${n % DETECTORS}` },
});

/** The records of each of 64 calls, which are about one examinee each. */
export const recordsOfCalls = () =>
  Array.from({ length: CALLS }, (_, call) =>
    Array.from({ length: RECORDS_PER_CALL }, (_, n) => recordOf(call + n * EXAMINEES)),
  );

/** A record as the server stores it. */
export const rowOf = ({ examId, roomId }, record) => ({
  ...record,
  examId,
  roomId,
  isMainMonitor: Number(record.isMainMonitor),
  extraInfo: JSON.stringify(record.extraInfo),
  extraInfoIsObject: 1,
  createdAt: record.detectTime,
});

export const INSERT_RECORD = `
  INSERT INTO cheat_records (exam_id, room_id, user_id, detect_type, is_main_monitor, detect_time,
    extra_info, extra_info_is_object, created_at)
  VALUES (@examId, @roomId, @userId, @detectType, @isMainMonitor, @detectTime,
    @extraInfo, @extraInfoIsObject, @createdAt)`;

/** Copies the first records up to `upTo`, `shift` records (whole periods) later. */
export const COPY_RECORDS = `
  INSERT INTO cheat_records (exam_id, room_id, user_id, detect_type, is_main_monitor, detect_time,
    extra_info, extra_info_is_object, created_at)
  SELECT exam_id, room_id, user_id, detect_type, is_main_monitor, detect_time + @shift * ${INTERVAL_MS},
    extra_info, extra_info_is_object, created_at + @shift * ${INTERVAL_MS}
  FROM cheat_records WHERE id <= @upTo ORDER BY id`;
