// Written by packages/server/test/client-types.test.ts from the procedures and their schemas. Do not edit.
import type { TRPCMutationProcedure, TRPCQueryProcedure, TRPCSubscriptionProcedure } from "@trpc/server";

/** A value that JSON can represent. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
/** A JSON object. */
export type JsonObject = { [key: string]: JsonValue };

/** An event of a subscription, with its id. */
export interface Tracked<Data> {
  /** The id of the event, to resume from. */
  id: string;
  /** The event. */
  data: Data;
}

/** Input of `account.create`. */
export interface CreateAccountInput {
  /** The user id of the new account, which is the username at the login. */
  userId: string;
  /** The role of the person. Candidates have no account: they use tokens. */
  role: "admin" | "teacher" | "inspector";
  /** The name of the person. 1 to 64 characters. */
  name: string;
  /** The new password, of characters of any kind. 8 to 256 characters. */
  password: string;
}

/** An account of a person who logs in with a password. */
export interface Account {
  /** The user id, which is the username at the login. */
  userId: string;
  /** The role of the person. Candidates have no account: they use tokens. */
  role: "admin" | "teacher" | "inspector";
  /** The name of the person. */
  name: string;
  /** Whether the account is barred from logging in. */
  disabled: boolean;
  /** When it was created. */
  createdAt: Date;
  /** When it last changed. Equal to `createdAt` if it never did. */
  updatedAt: Date;
}

/** Input of `account.disable` and `account.enable`. */
export interface AccountRef {
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
}

/** Input of `account.endSession`. */
export interface SessionRef {
  /** The id of the session. 1 to 128 characters. */
  sessionId: string;
}

/** Output of `account.endSession`. */
export interface EndedSession {
  /** Whether this call ended the session. False: the caller may end no session with this id that is still going on. */
  ended: boolean;
}

/** Input of `account.list`. */
export interface ListAccountsInput {
  /** Only accounts with this role. Absent: of every role. */
  role?: "admin" | "teacher" | "inspector" | null | undefined;
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `20`. */
  pageSize?: number | null | undefined;
  /** The last user id of the previous page. Absent: the first page. 1 to 128 characters. */
  cursor?: string | null | undefined;
}

/** Output of `account.list`. */
export interface AccountPage {
  /** Ordered by user id. */
  accounts: Account[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: string | undefined;
}

/** Input of `account.listSessions`. */
export interface ListSessionsInput {
  /** Only sessions of this account. Absent: of all accounts, or for anybody but administrators of their own. 1 to 128 characters. */
  userId?: string | null | undefined;
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `20`. */
  pageSize?: number | null | undefined;
  /** The last session id of the previous page. Absent: the first page. 1 to 128 characters. */
  cursor?: string | null | undefined;
}

/** Output of `account.listSessions`. */
export interface SessionPage {
  /** The newest sessions first. */
  sessions: AccountSession[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: string | undefined;
}

/** A login that has not ended. */
export interface AccountSession {
  /** The id of the session. It grants nothing: it is no token, and none can be made of it. */
  id: string;
  /** The user id of the account that is signed in. */
  userId: string;
  /** The role of the person. Candidates have no account: they use tokens. */
  role: "admin" | "teacher" | "inspector";
  /** The name of the person. */
  name: string;
  /** When the person signed in. */
  createdAt: Date;
  /** When the session ends, however often its token is refreshed. */
  expiresAt: Date;
  /** Whether the token of this call belongs to the session. */
  isOwn: boolean;
}

/** Input of `account.setPassword`. */
export interface SetPasswordInput {
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
  /** The new password, of characters of any kind. 8 to 256 characters. */
  password: string;
}

/** Input of `attempt.consent`. */
export interface GiveConsentInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The version of the text that the person has read: the newest one. At least 0. */
  version: number;
}

/** Output of `attempt.consent`. */
export interface GivenConsent {
  /** The version of the consent text. 0: the exam has none, and the page shows its standard text. */
  version: number;
  /** When they agreed. */
  time: Date;
}

/** Input of `attempt.extend`. */
export interface ExtendAttemptsInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The user ids of examinees in the room. Absent: all of them. */
  userIds?: string[] | null | undefined;
  /** Why it is decided. */
  reason: ExtendAttemptsInputReason;
  /** An idempotency key, which must not begin with `server:`. Repeating a call with its key answers `changed` for those whom it has changed, and continues with the others. 1 to 64 characters. */
  key: string;
  /** Whether to answer what would happen, and change nothing. Default: `false`. */
  dryRun?: boolean | null | undefined;
  /** The minutes to add to those that were given before. Negative: they are taken away. -600 to 600. */
  minutes: number;
}

/** Why it is decided. */
export interface ExtendAttemptsInputReason {
  /** Why it was decided: a code that apps have texts for. */
  code: "technical" | "connection" | "identity" | "misconduct" | "health" | "disturbance" | "accommodation" | "mistake" | "other";
  /** A text for staff, which the person never sees. Absent: none. 1 to 1,000 characters. */
  note?: string | null | undefined;
  /** A text that the person sees. Absent: none. 1 to 1,000 characters. */
  message?: string | null | undefined;
}

/** Output of `attempt.pause`, `resume`, `extend`, `terminate` and `reopen`. */
export interface Decided {
  /** The people about whom this call has decided, in the order of the room. */
  people: DecidedPeople[];
  /** How many people are left, because a call changes at most 500. Call again with the same key until none is left. */
  remaining: number;
}

/** What happened to one person. */
export interface DecidedPeople {
  /** The user id of the person. */
  userId: string;
  /** `changed`: this call has changed it, or an earlier one with the same key. `unchanged`: it was so before. `refused`: see `refusal`. */
  outcome: "changed" | "unchanged" | "refused";
  /** `over`: the attempt is finished or terminated. `pastEnd`: the exam has ended for the person. `endsInPast`: it would have ended already. `tooManyMinutes`: the minutes in total would be too many. `notInRoom`: the person is not in the room. `noExaminee`: they are in it as staff. Absent: it is not refused. */
  refusal?: "over" | "pastEnd" | "endsInPast" | "tooManyMinutes" | "notInRoom" | "noExaminee" | undefined;
  /** The attempt afterwards. Absent: they are no examinee of the room. */
  attempt?: Attempt | undefined;
  /** When the exam ends for the person. During a pause whose time is given back, as of now. Absent: they are no examinee of the room. */
  endsAt?: Date | undefined;
  /** True if the exam now ends after the person's links and tokens: they need new ones. */
  needsLink?: boolean | undefined;
}

/** One person's sitting in one exam. `endsAtOf` computes from it when the exam ends for them. */
export interface Attempt {
  /** `running`, `paused`, `finished` (by the person) or `terminated`. For people whose attempt is finished or terminated, the rooms of the exam have ended. */
  status: "running" | "paused" | "finished" | "terminated";
  /** Since when it has this status. Absent: since the beginning. */
  since?: Date | undefined;
  /** Whether the time of the current pause is given back. */
  givesBack: boolean;
  /** The time that was given back, in milliseconds: of earlier pauses, and between an end and its reopening. */
  pausedMs: number;
  /** The minutes that were given, or taken away if negative, because of incidents. */
  extendedMinutes: number;
}

/** Input of `attempt.finish`: a room in which the caller sits the exam. */
export interface FinishAttemptInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
}

/** Output of `attempt.finish`. */
export interface FinishedAttempt {
  /** One person's sitting in one exam. `endsAtOf` computes from it when the exam ends for them. */
  attempt: Attempt;
  /** When the exam ends for the person. During a pause whose time is given back, as of now. */
  endsAt: Date;
}

/** Input of `attempt.open`: a room in which the caller sits the exam, or from which they were moved. */
export interface OpenAttemptInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The page that opens it. Default: `"main"`. */
  camera?: "main" | "pc" | null | undefined;
}

/** Output of `attempt.open`: what the candidate's page begins with. */
export interface Sitting {
  /** The room, as the caller sees it. Subscribe with its `lastEventId`: it is not older than anything else here. */
  snapshot: RoomSnapshot;
  /** The exam. */
  exam: SittingExam;
  /** The caller. */
  self: SittingSelf;
  /** When the exam ends for the person, with their minutes and pauses, as of now. */
  endsAt: Date;
  /** The newest consent text. */
  consent: SittingConsent;
  /** The checks of the person. Absent: nothing was checked. */
  readiness?: Readiness | undefined;
  /** Whether the detectors are off for the person. */
  detectorsOff: boolean;
  /** Whether browsers can publish here, by the embedded media server. */
  canPublish: boolean;
  /** The message login at the vendor's message service. Absent: Invigil carries the messages, or the exam is over for the person. */
  login?: ImTokens | undefined;
  /** The newest decision about the person. Absent: nothing was decided. */
  decision?: ExamEntry | undefined;
  /** The member of staff who talks to the person now. Absent: no one does. */
  talk?: Talk | undefined;
  /** The token to go on with in the room of the snapshot: the caller was moved there, and their own one is bound to the room from which they came. Absent: their own one. */
  token?: string | undefined;
  /** The server's time. */
  now: Date;
}

/** The state of a room, read atomically with the id of its last event. */
export interface RoomSnapshot {
  /** A group of people in one exam who are watched together. */
  room: Room;
  /** The cheat config of the room's exam. Absent if it has none. */
  cheatConfig?: StoredCheatConfig | undefined;
  /** The people of the room, in the order in which they were added. Examinees see only themselves, teachers and inspectors. */
  members: Member[];
  /** The connected pages of these people. */
  presence: Presence[];
  /** The open hands of these people, the oldest first. */
  hands: Hand[];
  /** The talks with these people that go on. Absent: there are none. */
  talks?: Talk[] | undefined;
  /** Subscribe from this id to receive every later event. */
  lastEventId: string;
}

/** A group of people in one exam who are watched together. */
export interface Room {
  /** The id of the room. */
  id: string;
  /** The name of the room. */
  name: string;
  /** The id of the exam to which the room belongs. */
  examId: string;
  /** Whether the room is in progress or has ended. */
  status: "in_progress" | "ended";
  /** Whether the teacher is speaking to the whole room. */
  audioStatus: "silent" | "speaking";
  /** The id of the room's group in the message services. Equal to the id of the room. */
  imGroupId: string;
  /** The user id of the teacher who created the room. Examinees answer to them. */
  createTeacher: string;
  /** When it was created. */
  createdAt: Date;
  /** When it last changed. Equal to `createdAt` if it never did. */
  updatedAt: Date;
}

/** The cheat config of an exam. */
export interface StoredCheatConfig {
  /** The id of the exam. */
  examId: string;
  /** The settings of the detectors: a text that clients define, usually JSON. The server stores and returns it byte for byte. */
  data: string;
  /** When it was created. */
  createdAt: Date;
  /** When it last changed. Equal to `createdAt` if it never did. */
  updatedAt: Date;
}

/** A person of a room, as subscribers see them. */
export interface Member {
  /** The user id of the person. */
  userId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The name of the person. */
  name: string;
  /** How many minutes after the exam's end the person may continue. 0 for teachers and inspectors. */
  extraMinutes: number;
  /** The person's attempt at the exam. Absent: nothing was decided about it, and it is running. */
  attempt?: Attempt | undefined;
  /** What staff found of the person's identity. Absent: they have not checked it, and for examinees, who never see it. */
  identity?: Identity | undefined;
  /** The checks of the person before the exam. Absent: nothing was checked. */
  readiness?: Readiness | undefined;
  /** True if the detectors of the candidate's page are off for the person. Absent: they are as in the exam. */
  detectorsOff?: boolean | undefined;
  /** Whether the cameras of the person send their streams. */
  publishStatus: MemberPublishStatus;
}

/** What staff found of a person's identity. */
export interface Identity {
  /** What staff say of a person's identity. `later`: it is still to be checked. */
  status: "confirmed" | "refused" | "later";
  /** When staff said so last. */
  since: Date;
}

/** What the checks of a person before an exam have found. `isReady` says whether it is enough. */
export interface Readiness {
  /** The newest result of each check. */
  checks: Checks;
  /** Whether staff let the person begin without the checks. */
  wavedThrough: boolean;
  /** When the person reported a changed check last. Absent: they have reported none. */
  since?: Date | undefined;
}

/** The newest result of each check. */
export interface Checks {
  /** Whether the person has agreed to be watched. Absent: not checked. */
  consent?: ReadinessCheck | undefined;
  /** Whether the camera works. Absent: not checked. */
  camera?: ReadinessCheck | undefined;
  /** Whether the microphone works. Absent: not checked. */
  microphone?: ReadinessCheck | undefined;
  /** Whether the media server can be reached. Absent: not checked. */
  connection?: ReadinessCheck | undefined;
  /** Whether the second camera works. Absent: not checked. */
  secondCamera?: ReadinessCheck | undefined;
  /** `passed` once the person has entered the exam after their checks. Absent: they have not, or their app does not say it. `isReady` does not ask for it. */
  entered?: ReadinessCheck | undefined;
}

/** The result of a check. */
export interface ReadinessCheck {
  /** Whether the check passed. */
  result: "passed" | "failed";
  /** Why it failed: a code that apps have texts for. Absent: it passed, or it is not known. */
  detail?: "refused" | "absent" | "busy" | "dark" | "silent" | "slow" | "blocked" | "unsupported" | "other" | undefined;
}

/** Whether the cameras of the person send their streams. */
export interface MemberPublishStatus {
  /** Whether the main camera sends its stream: not yet, now, or no longer. */
  main: "idle" | "publishing" | "stopped";
  /** Whether the PC camera sends its stream: not yet, now, or no longer. */
  pc: "idle" | "publishing" | "stopped";
}

/** A person's connected page. A person has one page for each camera. */
export interface Presence {
  /** The user id of the person. */
  userId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The camera and its page: `main` is the first or only one, `pc` the second one: in the vendor's apps the phone's and the PC's, on the candidate's page that of the device at which the person sits and that of another device. */
  camera: "main" | "pc";
  /** The time since which the page has been connected. Interruptions shorter than the settle time do not count. */
  since: Date;
  /** The number of devices that have the page open, counted as connections that subscribe as this person and camera. More than one may mean that several people use the same link. A device without a subscription is not counted. */
  devices: number;
}

/** A raised hand of an examinee. */
export interface Hand {
  /** The id of the hand. It increases with every hand. */
  id: number;
  /** The id of the room. */
  roomId: string;
  /** The user id of the person. */
  userId: string;
  /** What the person asks for: help, a break, or help with a technical problem. */
  kind: "help" | "break" | "technical";
  /** `raised`: it has no answer yet. `taken`: a person of the staff takes care of it. `granted`: the break has begun, and detectors rest. `resolved`: it is over. */
  status: "raised" | "taken" | "granted" | "resolved";
  /** What the person wrote. Absent: nothing. */
  text?: string | undefined;
  /** When it was raised. */
  createdAt: Date;
  /** When the break began. Absent: it was not granted. */
  grantedAt?: Date | undefined;
  /** When it was resolved: by staff, by the person, or because the room ended or the person left it. Absent: it is open. */
  resolvedAt?: Date | undefined;
  /** The user id of the person of the staff who took, granted or resolved it last. Absent: there is none, or the caller is an examinee. */
  takenBy?: string | undefined;
  /** The note of the staff. Absent: there is none, or the caller is an examinee. */
  note?: string | undefined;
}

/** A member of staff talks to an examinee, whom alone they are heard by. */
export interface Talk {
  /** The user id of the person. */
  userId: string;
  /** The user id of the member of staff who talks. */
  by: string;
  /** Since when they talk. */
  since: Date;
  /** Whether the examinee's page plays it now, as it last reported. */
  isHeard: boolean;
}

/** The exam. */
export interface SittingExam {
  /** The id of the exam. */
  id: string;
  /** The name of the exam. */
  name: string;
  /** When the exam begins. */
  startTime: Date;
  /** When the exam ends, without the minutes of the person. */
  endTime: Date;
  /** How the cameras of examinees should encode video. Absent: as the apps choose. */
  videoProfile?: VideoProfile | undefined;
  /** Whether each person needs `one` camera or `both`: that of their page, and a second one. */
  cameras: "one" | "both";
  /** The address of the questions, which the candidate's page opens in a tab of its own. Absent: the questions are elsewhere. */
  questionsUrl?: string | undefined;
  /** The detectors of the page that run in the exam. */
  detectors: ("pageHidden" | "focusLost" | "pictureDark" | "pictureFrozen" | "deviceLost" | "deviceMuted")[];
}

/** How an examinee's camera encodes video. */
export interface VideoProfile {
  /** The name of the profile. */
  name: string;
  /** How the camera encodes video. */
  data: VideoProfileData;
}

/** How the camera encodes video. */
export interface VideoProfileData {
  /** The width of the picture in pixels. */
  width: number;
  /** The height of the picture in pixels. */
  height: number;
  /** The number of frames per second. */
  frameRate: number;
  /** The highest bitrate in kbit/s. */
  maxBitrate: number;
}

/** The caller. */
export interface SittingSelf {
  /** The user id of the person. */
  userId: string;
  /** The name of the person. */
  name: string;
}

/** The newest consent text. */
export interface SittingConsent {
  /** The version of the consent text. 0: the exam has none, and the page shows its standard text. */
  version: number;
  /** The text in Chinese. Absent: there is none. */
  zh?: string | undefined;
  /** The text in English. Absent: there is none. */
  en?: string | undefined;
  /** What the person agreed to last. Absent: to nothing. */
  given?: SittingConsentGiven | undefined;
}

export interface SittingConsentGiven {
  /** The version of the consent text. 0: the exam has none, and the page shows its standard text. */
  version: number;
  /** When they agreed. */
  time: Date;
}

/** Output of `im.getToken`: one member for each requested service that is configured. */
export interface ImTokens {
  /** The credentials of `aliyun_new`. Absent if it was not requested. */
  aliyunNewIm?: AliyunNewToken | undefined;
  /** The credentials of `aliyun_old`. Absent if it was not requested or is not configured. */
  aliyunOldIm?: AliyunOldToken | undefined;
  /** The token of `rong_cloud`. Absent if it was not requested or is not configured. */
  rongToken?: string | undefined;
}

/** The credentials with which the vendor's SDK logs in. */
export interface AliyunNewToken {
  /** The id of the application at the message service. */
  appId: string;
  /** The signature of the application, from which the SDK learns where to connect. */
  appSign: string;
  /** The SHA-256 of appId, appKey, userId, nonce, timestamp and role, in lower-case hexadecimal. */
  appToken: string;
  /** What the SDK sends at its login. */
  auth: AliyunNewTokenAuth;
}

/** What the SDK sends at its login. */
export interface AliyunNewTokenAuth {
  /** The login: a user id, or `pc_<id>` for a PC page. */
  userId: string;
  /** `AK-` and a random text. */
  nonce: string;
  /** When the credentials expire, in seconds since 1970: two days after the call. */
  timestamp: number;
  /** `admin` if the holder can send commands to the group. */
  role: "" | "admin";
}

/** The credentials with which the vendor's older SDK logs in. If the older service is not configured, these are two single-use logins of `aliyun_new`, as base64url of their JSON. */
export interface AliyunOldToken {
  /** The token with which the SDK logs in. */
  accessToken: string;
  /** The token with which the SDK logs in again. */
  refreshToken: string;
}

/** A decision about a person, or what staff noted about a person, a room or an exam. */
export interface ExamEntry {
  /** The id of the entry. Ids increase within an exam. */
  id: number;
  /** The room through which it was decided. Absent: it is about the whole exam. */
  roomId?: string | undefined;
  /** The person whom it is about. Absent: it is about the room or the exam. */
  userId?: string | undefined;
  /** Who decided it. Absent for examinees. */
  by?: ExamEntryBy | undefined;
  /** What was decided. `times`: the times of the exam were changed after it had begun. `identity`: staff checked who the person is. `note`: staff noted something. `consent`: the person agreed to be watched. */
  kind: "pause" | "resume" | "extend" | "terminate" | "finish" | "reopen" | "times" | "identity" | "note" | "consent";
  /** Of `extend`: the minutes. Negative: they were taken away. Absent: another kind. */
  minutes?: number | undefined;
  /** Of `times`: when the exam begins. Absent: as before. */
  starts?: ExamEntryStarts | undefined;
  /** Of `times`: when the exam ends for the person. Absent: another kind. */
  ends?: ExamEntryEnds | undefined;
  /** Of `pause`: whether its time is given back. Absent: another kind. */
  giveBack?: boolean | undefined;
  /** Of `terminate`: what should be done with the answers. Absent: another kind. */
  answers?: "submit" | "save" | "discard" | undefined;
  /** Of `identity`: what was found. Absent: another kind. */
  identity?: "confirmed" | "refused" | "later" | undefined;
  /** Of `consent`: the version of the text, or 0 for the page's standard text. Absent: another kind. */
  version?: number | undefined;
  /** Of `note`: how serious it is. Absent: another kind. */
  severity?: "info" | "look" | "serious" | undefined;
  /** Of `note`: when it happened, as its author said. Absent: they did not say. */
  at?: Date | undefined;
  /** Why it was decided. Absent: none was given. */
  reason?: "technical" | "connection" | "identity" | "misconduct" | "health" | "disturbance" | "accommodation" | "mistake" | "other" | undefined;
  /** A text for staff. Absent: none, and for examinees. */
  note?: string | undefined;
  /** A text that the person sees. Absent: none. */
  message?: string | undefined;
  /** When it was decided, by the server's clock. */
  time: Date;
}

export interface ExamEntryBy {
  /** The user id of the person. */
  userId: string;
  /** The role of the caller. Teachers watch, inspectors only read, and examinees sit the exam. */
  role: "admin" | "teacher" | "inspector" | "examinee";
  /** The name of their account. Absent: they have none, or this is the answer to their own call. */
  name?: string | undefined;
}

export interface ExamEntryStarts {
  /** The time before the change. */
  from: Date;
  /** The time after the change. */
  to: Date;
}

export interface ExamEntryEnds {
  /** The time before the change. */
  from: Date;
  /** The time after the change. */
  to: Date;
}

/** Input of `attempt.pause`. */
export interface PauseAttemptsInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The user ids of examinees in the room. Absent: all of them. */
  userIds?: string[] | null | undefined;
  /** Why it is decided. */
  reason: PauseAttemptsInputReason;
  /** An idempotency key, which must not begin with `server:`. Repeating a call with its key answers `changed` for those whom it has changed, and continues with the others. 1 to 64 characters. */
  key: string;
  /** Whether to answer what would happen, and change nothing. Default: `false`. */
  dryRun?: boolean | null | undefined;
  /** Whether the exam ends later by the time of the pause. Default: `true`. */
  giveBack?: boolean | null | undefined;
}

/** Why it is decided. */
export interface PauseAttemptsInputReason {
  /** Why it was decided: a code that apps have texts for. */
  code: "technical" | "connection" | "identity" | "misconduct" | "health" | "disturbance" | "accommodation" | "mistake" | "other";
  /** A text for staff, which the person never sees. Absent: none. 1 to 1,000 characters. */
  note?: string | null | undefined;
  /** A text that the person sees. Absent: none. 1 to 1,000 characters. */
  message?: string | null | undefined;
}

/** Input of `attempt.resume`. */
export interface ResumeAttemptsInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The user ids of examinees in the room. Absent: all of them. */
  userIds?: string[] | null | undefined;
  /** Why it is decided. */
  reason: ResumeAttemptsInputReason;
  /** An idempotency key, which must not begin with `server:`. Repeating a call with its key answers `changed` for those whom it has changed, and continues with the others. 1 to 64 characters. */
  key: string;
  /** Whether to answer what would happen, and change nothing. Default: `false`. */
  dryRun?: boolean | null | undefined;
}

/** Why it is decided. */
export interface ResumeAttemptsInputReason {
  /** Why it was decided: a code that apps have texts for. */
  code: "technical" | "connection" | "identity" | "misconduct" | "health" | "disturbance" | "accommodation" | "mistake" | "other";
  /** A text for staff, which the person never sees. Absent: none. 1 to 1,000 characters. */
  note?: string | null | undefined;
  /** A text that the person sees. Absent: none. 1 to 1,000 characters. */
  message?: string | null | undefined;
}

/** Input of `attempt.reportReadiness`. */
export interface ReportReadinessInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The checks that were made. The others keep their results. */
  checks: ReportReadinessInputChecks;
}

/** The checks that were made. The others keep their results. */
export interface ReportReadinessInputChecks {
  /** Whether the camera works. Absent: not checked. */
  camera?: ReadinessCheck | undefined;
  /** Whether the microphone works. Absent: not checked. */
  microphone?: ReadinessCheck | undefined;
  /** Whether the media server can be reached. Absent: not checked. */
  connection?: ReadinessCheck | undefined;
  /** Whether the second camera works. Absent: not checked. */
  secondCamera?: ReadinessCheck | undefined;
  /** `passed` once the person has entered the exam after their checks. Absent: they have not, or their app does not say it. `isReady` does not ask for it. */
  entered?: ReadinessCheck | undefined;
}

/** Input of `attempt.terminate`. */
export interface TerminateAttemptsInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The user ids of examinees in the room. Absent: all of them. */
  userIds?: string[] | null | undefined;
  /** Why it is decided. */
  reason: TerminateAttemptsInputReason;
  /** An idempotency key, which must not begin with `server:`. Repeating a call with its key answers `changed` for those whom it has changed, and continues with the others. 1 to 64 characters. */
  key: string;
  /** Whether to answer what would happen, and change nothing. Default: `false`. */
  dryRun?: boolean | null | undefined;
  /** What the system with the questions should do with the answers. Default: `"submit"`. */
  answers?: "submit" | "save" | "discard" | null | undefined;
}

/** Why it is decided. */
export interface TerminateAttemptsInputReason {
  /** Why it was decided: a code that apps have texts for. */
  code: "technical" | "connection" | "identity" | "misconduct" | "health" | "disturbance" | "accommodation" | "mistake" | "other";
  /** A text for staff, which the person never sees. Absent: none. 1 to 1,000 characters. */
  note?: string | null | undefined;
  /** A text that the person sees. Absent: none. 1 to 1,000 characters. */
  message?: string | null | undefined;
}

/** Input of `audio.attach`. */
export interface AttachAudioInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The id of the clip in the library. 1 to 128 characters. */
  clipId: string;
  /** When the exam plays the clip. Absent: the teacher starts the clip by hand. */
  startTime?: Date | null | undefined;
}

/** Output of `audio.attach`: a clip of the library as a part of an exam. */
export interface AttachedAudio {
  /** The id of the attachment. An exam may schedule the same clip several times. */
  id: string;
  /** The id of the clip in the library. */
  clipId: string;
  /** The name of the clip. */
  name: string;
  /** The class of the clip: a number that the school chooses. */
  classify: number;
  /** An absolute URL that an `<audio>` element of any origin can play. */
  url: string;
  /** A second URL of the file in object storage, if there is one. */
  ossUrl?: string | undefined;
  /** When the exam plays the clip. Absent: the teacher starts the clip by hand. */
  startTime?: Date | undefined;
}

/** Input of `audio.create`: a clip whose file another server hosts. */
export interface CreateAudioInput {
  /** The name of the clip. 1 to 64 characters. */
  name: string;
  /** The class of the clip: a number that the school chooses. 0 to 1,000,000. Default: `0`. */
  classify?: number | null | undefined;
  /** Whether the clip is offered by exams that have no manual audio of their own. Default: `false`. */
  isDefault?: boolean | null | undefined;
  /** The http or https URL of the file. At most 2,048 characters. */
  url: string;
  /** A second URL of the file in object storage. Absent: none. At most 2,048 characters. */
  ossUrl?: string | null | undefined;
}

/** A clip of the audio library. */
export interface AudioClip {
  /** The id of the clip. */
  id: string;
  /** The name of the clip. */
  name: string;
  /** The class of the clip: a number that the school chooses. */
  classify: number;
  /** An absolute URL that an `<audio>` element of any origin can play. */
  url: string;
  /** A second URL of the file in object storage, if there is one. */
  ossUrl?: string | undefined;
  /** Whether the clip is offered by exams that have no manual audio of their own. */
  isDefault: boolean;
}

/** Input of `audio.delete`. */
export interface ClipRef {
  /** The id of the clip in the library. 1 to 128 characters. */
  clipId: string;
}

/** Input of `audio.detach`. */
export interface DetachAudioInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The `id` of the audio in the exam, which is not the id of the clip. 1 to 128 characters. */
  attachmentId: string;
}

/** Input of `audio.list`. */
export interface ListAudioInput {
  /** The number of the page. 0 means the first page, too. 0 to 1,000,000. Default: `1`. */
  pageNum?: number | null | undefined;
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `10`. */
  pageSize?: number | null | undefined;
  /** Only clips whose name contains this text, ignoring the case of Latin letters. Absent: all. 1 to 64 characters. */
  name?: string | null | undefined;
  /** Only clips of exactly this class. Absent: of every class. 0 to 1,000,000. */
  classify?: number | null | undefined;
}

/** Output of `audio.list`: one page of the audio library. */
export interface AudioPage {
  /** The number of this page, from 1. */
  pageNum: number;
  /** The number of clips per page. */
  pageSize: number;
  /** The number of clips on all pages. */
  total: number;
  /** The clips of this page. */
  list: AudioClip[];
}

/** Input of `audio.update`. Absent fields keep their value. */
export interface UpdateAudioInput {
  /** The id of the clip in the library. 1 to 128 characters. */
  clipId: string;
  /** The new name of the clip. 1 to 64 characters. */
  name?: string | null | undefined;
  /** The new class of the clip. 0 to 1,000,000. */
  classify?: number | null | undefined;
  /** Whether the clip is offered by exams that have no manual audio of their own. */
  isDefault?: boolean | null | undefined;
}

/** Input of `audit.list`. */
export interface ListAuditInput {
  /** Only entries about this exam, also if it is deleted. Absent: about all, and about none. 1 to 128 characters. */
  examId?: string | null | undefined;
  /** Only entries of this actor. Absent: of all. 1 to 128 characters. */
  actorId?: string | null | undefined;
  /** Only entries about this person. Absent: all entries. 1 to 128 characters. */
  personId?: string | null | undefined;
  /** Only entries of this procedure, such as `room.create`. Absent: of all. 1 to 128 characters. */
  procedure?: string | null | undefined;
  /** Only entries of this time or later. Absent: of any time. */
  since?: Date | null | undefined;
  /** Only entries of before this time. Absent: up to now. */
  until?: Date | null | undefined;
  /** Whether to list reads and subscriptions. Those that were refused are always listed. Default: `true`. */
  withReads?: boolean | null | undefined;
  /** Whether to look up the names behind the ids. Default: `false`. */
  withNames?: boolean | null | undefined;
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `50`. */
  pageSize?: number | null | undefined;
  /** The `nextCursor` of the previous page. Absent: the newest entries. 1 to 128 characters. */
  cursor?: string | null | undefined;
}

/** Output of `audit.list`. */
export interface AuditPage {
  /** The newest first. With several filters, a page may be shorter than asked for, or empty, although another one follows. */
  entries: AuditEntry[];
  /** Only with `withNames`. */
  names?: AuditPageNames | undefined;
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: string | undefined;
}

/** An entry of the audit: who changed or read what, or whose call was refused. */
export interface AuditEntry {
  /** The id of the entry. Later entries have greater ids. */
  id: string;
  /** When it happened, by the server's clock. Of equal calls, the first. */
  time: Date;
  /** The user id of who made the call. Of a command, ` operator`. It stays when the person is erased. */
  actorId: string;
  /** The role of the actor's token. */
  actorRole: "admin" | "teacher" | "inspector" | "examinee";
  /** What the actor proved themselves with: `session` is a token of a login, `link` a token of a seat in a room, `token` any other one, `account` the password of a login, `command` access to the server's machine. */
  credential: "token" | "link" | "session" | "account" | "command";
  /** The id of the session, or the id (`jti`) of the token. Absent if it has none. */
  credentialId?: string | undefined;
  /** Of a command: the user of the operating system who ran it, and the name that they gave with `--as`. Absent: it was no command. */
  operator?: string | undefined;
  /** The procedure that was called. */
  procedure: string;
  /** The id of the exam that the call was about. Absent: of none. */
  examId?: string | undefined;
  /** The id of the room that the call was about. Absent: of none. */
  roomId?: string | undefined;
  /** The user id of the person whom the call was about: `erased` once they were erased from the exam. Absent if the call named no person. */
  personId?: string | undefined;
  /** The id of something else that the call was about: a clip, a token, a session, or the room that a person left. Of a change of an exam's times, the old and the new ones, as two intervals of ISO 8601. `dry run`: an import was tried, which read the people of the exam. Absent: nothing else. */
  subject?: string | undefined;
  /** The network address of the actor. Of a command, `in-process`. */
  address: string;
  /** How the call reached the server. */
  entryPoint: "rest" | "trpc" | "drop-in" | "upload" | "join-code" | "command" | "in-process";
  /** The id of the request, which its log lines have, too. Of equal calls, the first. */
  requestId: string;
  /** `ok`, `ended` for the end of a subscription, or the code of the error with which the call was refused. Of a token that is no longer good, why: `TOKEN_EXPIRED`, `TOKEN_REVOKED`, `SESSION_ENDED`, `ACCOUNT_DISABLED` or `LINKS_REVOKED`. */
  outcome: string;
  /** How many equal calls of one second the entry stands for, or calls of one minute with a token that is no longer good. Of a change of more than 100 people, how many they are. */
  times: number;
}

/** The names behind the ids of a page. What is gone has none. */
export interface AuditPageNames {
  /** Of the exams. */
  exams: AuditPageNamesExams[];
  /** Of the rooms. */
  rooms: AuditPageNamesRooms[];
  /** Of actors and people: the name of the account, or the one in an exam of the page. */
  people: AuditPageNamesPeople[];
}

/** The name behind an id. */
export interface AuditPageNamesExams {
  /** The id. */
  id: string;
  /** The present name. */
  name: string;
}

/** The name behind an id. */
export interface AuditPageNamesRooms {
  /** The id. */
  id: string;
  /** The present name. */
  name: string;
}

/** The name behind an id. */
export interface AuditPageNamesPeople {
  /** The id. */
  id: string;
  /** The present name. */
  name: string;
}

/** Input of `auth.changePassword`. */
export interface ChangePasswordInput {
  /** The password until now. 1 to 256 characters. */
  currentPassword: string;
  /** The new password, of characters of any kind. 8 to 256 characters. */
  newPassword: string;
}

/** Input of `auth.issueToken`. Only administrators may issue tokens for the role `admin`. */
export interface IssueTokenInput {
  /** The user id of the token's holder: printable characters without white space at the ends. */
  userId: string;
  /** The role of the caller. Teachers watch, inspectors only read, and examinees sit the exam. */
  role: "admin" | "teacher" | "inspector" | "examinee";
  /** The only room in which the token works. The token is then for a person of that room, in their role there. Only administrators may omit it. 1 to 128 characters. */
  roomId?: string | null | undefined;
  /** The only exam in which the token works. Absent: it is bound to none. 1 to 128 characters. */
  examId?: string | null | undefined;
  /** The name of the token's holder. Absent: none. 1 to 64 characters. */
  name?: string | null | undefined;
  /** The lifetime of the token in seconds. Absent: until the exam is over, or 8 hours for a token without an exam. 60 to 31,536,000. */
  ttlSeconds?: number | null | undefined;
}

/** Output of `auth.issueToken`. */
export interface IssuedToken {
  /** The token to send as the `authorization` header. */
  token: string;
  /** The `jti` of the token, by which it can be revoked. */
  tokenId: string;
  /** When the token expires. Earlier than requested if the exam is over earlier. */
  expiresAt: Date;
}

/** Input of `auth.login`. */
export interface LoginInput {
  /** The user id of the account. 1 to 128 characters. */
  username: string;
  /** The password of the account. 1 to 256 characters. */
  password: string;
}

/** Output of `auth.login` and `auth.refresh`: a token, and how long it can be exchanged for a newer one. */
export interface Session {
  /** The token to send as the `authorization` header. */
  token: string;
  /** When the token expires. */
  expiresAt: Date;
  /** The time until which `auth.refresh` works. After it, the person must log in again. */
  refreshableUntil: Date;
  /** The user id of the person. */
  userId: string;
  /** The role of the caller. Teachers watch, inspectors only read, and examinees sit the exam. */
  role: "admin" | "teacher" | "inspector" | "examinee";
  /** The name of the person. */
  name: string;
}

/** Input of `auth.revokeToken`. */
export interface RevokeTokenInput {
  /** The `jti` of the token, of at most 1024 bytes. 1 to 1,024 characters. */
  tokenId: string;
}

/** The caller of a procedure, as their token describes them. */
export interface Caller {
  /** The user id of the caller. */
  userId: string;
  /** The role of the caller. Teachers watch, inspectors only read, and examinees sit the exam. */
  role: "admin" | "teacher" | "inspector" | "examinee";
  /** The only room in which the token works. Absent: it is bound to none. */
  roomId?: string | undefined;
  /** The only exam in which the token works. Absent: it is bound to none. */
  examId?: string | undefined;
  /** The name of the caller, if their token has one. */
  name?: string | undefined;
  /** When the token expires. */
  expiresAt: Date;
}

/** Input of `cheat.addRecords`. */
export interface AddCheatRecordsInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The id of the room's exam. Absent: it is not compared. 1 to 128 characters. */
  examId?: string | null | undefined;
  /** The records, of 256 KiB together at most. Either all of them are stored or none. 1 to 500 elements. */
  records: NewCheatRecord[];
}

/** A detection to record. */
export interface NewCheatRecord {
  /** Whether the phone (the main camera) made the detection, as opposed to the PC. */
  isMainMonitor: boolean;
  /** The person whom the record is about. Examinees record about themselves. Staff may record about any id, including people who are not in the room: the server keeps the record as evidence and does not refuse it. 1 to 128 characters. */
  userId: string;
  /** When the detector saw it, by its own clock: any time from 1970 on. `createdAt` of the record is the server's time. */
  detectTime: Date;
  /** What was detected, such as `manyPeople`: a type of the vendor's detectors, or any other text. 1 to 64 characters. */
  detectType: string;
  /** Additional data of the detector: a JSON object, or a text. It is returned as it was sent. Default: `{}`. */
  extraInfo?: JsonObject | string | null | undefined;
}

/** Names an exam. */
export interface ExamRef {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
}

/** Input of `cheat.listRecords`. At least one of `roomId` and `examId` is required. */
export interface ListCheatRecordsInput {
  /** Only records of this room. Absent: of every room of the exam. 1 to 128 characters. */
  roomId?: string | null | undefined;
  /** Only records of this exam. Absent: of the room's exam. 1 to 128 characters. */
  examId?: string | null | undefined;
  /** Only records of one of these detection types. Absent: of any. */
  detectTypes?: string[] | null | undefined;
  /** Only records about one of these people: about those who sit the exam in a room that the call is about, of all rooms of the exam. Absent: about anybody. */
  userIds?: string[] | null | undefined;
  /** Only detections that the phone made, or with `false`, those that the PC made. Absent: both. */
  isMainMonitor?: boolean | null | undefined;
  /** Only records that the server received at this time or later. Absent: at any time. */
  receivedFrom?: Date | null | undefined;
  /** Only records that the server received before this time: after `receivedFrom`. Absent: up to now. */
  receivedTo?: Date | null | undefined;
  /** The number of rows per page. 0 means the default. 0 to 1,000. Default: `20`. */
  pageSize?: number | null | undefined;
  /** The `nextCursor` of the previous page. Absent: the first page. At least 1. */
  cursor?: number | null | undefined;
}

/** Output of `cheat.listRecords`. */
export interface CheatRecordPage {
  /** The newest records first. With a filter, or if they are large, a page may have fewer than `pageSize`, or none, although a page follows. */
  records: CheatRecord[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: number | undefined;
}

/** One report of a cheat detector about one person. */
export interface CheatRecord {
  /** The id of the record. It increases with every record. */
  id: number;
  /** The id of the exam. */
  examId: string;
  /** The id of the room. */
  roomId: string;
  /** The user id of the person. */
  userId: string;
  /** What was detected, such as `manyPeople`: a type of the vendor's detectors, or any other text. */
  detectType: string;
  /** Whether the phone (the main camera) made the detection, as opposed to the PC. */
  isMainMonitor: boolean;
  /** When the detector saw it, by its own clock. */
  detectTime: Date;
  /** Additional data of the detector: a JSON object, or a text. */
  extraInfo: JsonObject | string;
  /** When it was created. */
  createdAt: Date;
  /** When it last changed. Equal to `createdAt` if it never did. */
  updatedAt: Date;
}

/** Input of `cheat.setConfig`. */
export interface SetCheatConfigInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The settings of the detectors: a text that clients define, usually JSON. The server stores and returns it byte for byte. 1 to 65,536 characters. */
  data: string;
}

/** Input of `exam.cards`. */
export interface CardsInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** Only cards of people in this room. Absent: in every room. 1 to 128 characters. */
  roomId?: string | null | undefined;
  /** Only people in this role. Absent: in every role. */
  role?: "teacher" | "inspector" | "examinee" | null | undefined;
  /** Only these people. Absent: everybody. 1 to 500 elements. */
  userIds?: string[] | null | undefined;
  /** Whether the cards have join codes, which can be typed, or links. Absent: codes if the server has them, otherwise links. */
  as?: "codes" | "links" | null | undefined;
  /** Whether the cards have QR codes. Default: `true`. */
  withQr?: boolean | null | undefined;
  /** The number of cards per page. 1 to 500. Default: `100`. */
  limit?: number | null | undefined;
  /** `next` of the previous page. Absent: the first page. */
  after?: CardsInputAfter | null | undefined;
}

export interface CardsInputAfter {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
}

/** Output of `exam.cards`. */
export interface CardPage {
  /** Whether the cards have codes or links. */
  as: "codes" | "links";
  /** By room, oldest first; in a room teachers, inspectors, examinees; and in the order in which they were added. Examinees of ended rooms have none. */
  cards: CardPageCards[];
  /** Send it as `after` to get the next page. Absent on the last page. */
  next?: CardPageNext | undefined;
}

/** What a person needs to enter a room, to be printed or mailed. Anyone who has it can act as that person. */
export interface CardPageCards {
  /** The user id of the person. */
  userId: string;
  /** The name of the person. */
  name: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The id of the room. */
  roomId: string;
  /** The name of the room. */
  roomName: string;
  /** The address of the code, or the link: of an examinee, for their first camera. */
  url: string;
  /** The page of an examinee's second camera, or in the vendor's apps that for the PC. Absent: the person has none. Examinees of an exam with one camera have none on the candidate's page. */
  pcUrl?: string | undefined;
  /** When the exam ends for this person, including their extra minutes. */
  examEndTime: Date;
  /** The `jti` of the token in the link, by which it can be revoked. Absent with a code. */
  tokenId?: string | undefined;
  /** When the code or the link stops working. */
  expiresAt: Date;
  /** `XXXX-XXXX-XXXX`: the code to type. Absent with links. */
  code?: string | undefined;
  /** The code of `pcUrl`. Absent with links, and without a second page. */
  pcCode?: string | undefined;
  /** `url` as a QR code. Absent without `withQr`. */
  qr?: CardPageCardsQr | undefined;
  /** `pcUrl` as a QR code. Absent with links, without a second page, and without `withQr`. */
  pcQr?: CardPageCardsPcQr | undefined;
}

/** A QR code as a picture. */
export interface CardPageCardsQr {
  /** The width and the height, with the white border that scanners need. */
  size: number;
  /** The `d` of an SVG `<path>` with `viewBox="0 0 <size> <size>"`, to be stroked one unit wide in black on white. */
  path: string;
}

/** A QR code as a picture. */
export interface CardPageCardsPcQr {
  /** The width and the height, with the white border that scanners need. */
  size: number;
  /** The `d` of an SVG `<path>` with `viewBox="0 0 <size> <size>"`, to be stroked one unit wide in black on white. */
  path: string;
}

export interface CardPageNext {
  /** The id of the room. */
  roomId: string;
  /** The user id of the person. */
  userId: string;
}

/** Output of `exam.check`: what is missing for an exam. */
export interface ExamCheck {
  /** When it was checked. Vendors' services are asked once a minute at most. */
  checkedAt: Date;
  /** One item for each code, in the order of an exam's preparation. Of `cheat_config` and `detectors` there is one: that of the app or the page that candidates use. */
  items: CheckItem[];
}

/** An item of the check list of an exam. */
export interface CheckItem {
  /** `times`: the exam is not over. `roster`: it has examinees. `rooms`: it has rooms in progress, and none has ended before the exam begins. `seats`: everybody has a room. `teachers`: each room with examinees has a teacher. `staff_access`: teachers and inspectors have an account, a link or a code. `links`: examinees have a link or a code, and their cards show the exam's times. `join_codes`: the server can make codes. `web_apps`: the addresses that links lead to are set. `audio`: clips are scheduled, and their files exist. `cheat_config`: it has one, for the app in which it is sat. `detectors`: some run, on the candidate's page. `consent`: which text people agree to. `streams`: the stream service is set up. `capacity`: it carries the streams of all exams at that time. `services`: vendors' services answer. `storage`: the disk has space. */
  code: "times" | "roster" | "rooms" | "seats" | "teachers" | "staff_access" | "links" | "join_codes" | "web_apps" | "audio" | "cheat_config" | "detectors" | "consent" | "streams" | "capacity" | "services" | "storage";
  /** `missing`: the exam cannot be held like this. `attention`: it can, but a person should check it. `ok`: nothing to do. */
  status: "ok" | "attention" | "missing";
  /** What was counted. What an item does not count is absent. */
  numbers: CheckItemNumbers;
  /** The first people whom the item is about, at most 20. */
  people: CheckItemPeople[];
  /** The first rooms that the item is about, at most 20. */
  rooms: CheckItemRooms[];
  /** The settings of the server that are not set. */
  settings: string[];
  /** The services of vendors, for `services` only. */
  services: CheckItemServices[];
}

/** What was counted. What an item does not count is absent. */
export interface CheckItemNumbers {
  /** `times`: how long the exam lasts. */
  minutes?: number | undefined;
  /** `times`: when it starts. Negative: it has begun. */
  startsInMinutes?: number | undefined;
  /** Examinees. `roster`: with and without a room. `seats`: without one. `capacity`: of all exams at the same time. */
  examinees?: number | undefined;
  /** `roster`: teachers in rooms, once for each room. */
  teachers?: number | undefined;
  /** `roster`: inspectors in rooms, once for each room. */
  inspectors?: number | undefined;
  /** `seats`: teachers and inspectors without a room. */
  staff?: number | undefined;
  /** `staff_access` and `links`: people who have no way in. */
  people?: number | undefined;
  /** `links`: rooms whose links or cards were made before the times of the exam changed. Cards show these times; links and codes stay good. */
  outdated?: number | undefined;
  /** `rooms`: rooms in progress. `teachers`: rooms without a teacher. */
  rooms?: number | undefined;
  /** `rooms`: rooms that have ended. */
  ended?: number | undefined;
  /** `audio`: clips that the exam plays by itself. */
  scheduled?: number | undefined;
  /** `audio`: those of them that play more than two hours before the exam, or after it. */
  outside?: number | undefined;
  /** `audio`: files of the exam's clips that are not there. */
  missingFiles?: number | undefined;
  /** `detectors`: how many detectors run on the candidate's page. */
  detectors?: number | undefined;
  /** `consent`: the version of the text. 0: the standard text of the candidate's page. */
  version?: number | undefined;
  /** `capacity`: the streams of these examinees. */
  streams?: number | undefined;
  /** `capacity`: how many streams the stream service carries. */
  limit?: number | undefined;
  /** `storage`: the free space. Absent: unknown, or not checked. */
  freeMiB?: number | undefined;
  /** `storage`: below this free space, writes are refused. */
  reserveMiB?: number | undefined;
}

export interface CheckItemPeople {
  /** The user id of the person. */
  userId: string;
  /** The name of the person. */
  name: string;
}

export interface CheckItemRooms {
  /** The id of the room. */
  roomId: string;
  /** The name of the room. */
  name: string;
}

export interface CheckItemServices {
  /** The service. */
  name: "aliyun_new" | "aliyun_old" | "rong_cloud" | "audio_bucket" | "uploads";
  /** `ok`: it answers. `failed`: it does not, or refuses. `off`: not set up, or nothing to call. */
  state: "ok" | "failed" | "off";
}

/** What the people of an exam agree to before it begins. */
export interface Consent {
  /** The version of the consent text. 0: the exam has none, and the page shows its standard text. */
  version: number;
  /** The text in Chinese. Absent: there is none. */
  zh?: string | undefined;
  /** The text in English. Absent: there is none. */
  en?: string | undefined;
}

/** Input of `exam.create`. */
export interface CreateExamInput {
  /** The name of the exam, on one line, without white space at its ends. 1 to 63 characters. */
  name: string;
  /** When the exam begins. */
  startTime: Date;
  /** When the exam ends: after it begins. */
  endTime: Date;
  /** How the cameras of examinees should encode video. Absent: as the apps choose. */
  videoProfile?: VideoProfileInput | null | undefined;
  /** Who extends, terminates and reopens attempts: `rooms`, the teachers of each room, or `creator`, the exam's creator alone. Administrators always can. Default: `"rooms"`. */
  controlledBy?: "rooms" | "creator" | null | undefined;
  /** The most minutes in total by which teachers of rooms may extend a person's attempt. It does not limit the exam's creator. Absent: as many as anyone. 0 to 600. */
  maxRoomMinutes?: number | null | undefined;
  /** Whether each person needs `one` camera or `both`: that of their page, and a second one. Default: `"one"`. */
  cameras?: "one" | "both" | null | undefined;
  /** The address of the questions, which the candidate's page opens in a tab of its own. Absent: the questions are elsewhere. At most 2,048 characters. */
  questionsUrl?: string | null | undefined;
  /** The detectors of the candidate's page. An empty list: none. Absent: all. At most 6 elements. */
  detectors?: ("pageHidden" | "focusLost" | "pictureDark" | "pictureFrozen" | "deviceLost" | "deviceMuted")[] | null | undefined;
  /** The audio clips of the exam. At most 200 elements. Default: `[]`. */
  audio?: CreateExamInputAudio[] | null | undefined;
}

/** How the cameras of examinees should encode video. */
export interface VideoProfileInput {
  /** The name of the profile. 1 to 64 characters. */
  name: string;
  /** How the camera encodes video. */
  data: VideoProfileInputData;
}

/** How the camera encodes video. */
export interface VideoProfileInputData {
  /** The width of the picture in pixels. 1 to 7,680. */
  width: number;
  /** The height of the picture in pixels. 1 to 4,320. */
  height: number;
  /** The number of frames per second. 1 to 120. */
  frameRate: number;
  /** The highest bitrate in kbit/s. 1 to 100,000. */
  maxBitrate: number;
}

export interface CreateExamInputAudio {
  /** The id of the clip in the library. 1 to 128 characters. */
  clipId: string;
  /** When the exam plays the clip. Absent: the teacher starts the clip by hand. */
  startTime?: Date | null | undefined;
}

/** An exam and the audio that it plays. */
export interface Exam {
  /** The id of the exam. */
  id: string;
  /** The name of the exam. */
  name: string;
  /** When the exam begins. */
  startTime: Date;
  /** When the exam ends. For an examinee, when it ends for them, with their minutes and pauses. */
  endTime: Date;
  /** How the cameras of examinees should encode video. Absent: as the apps choose. */
  videoProfile?: VideoProfile | undefined;
  /** Who extends, terminates and reopens attempts: `rooms`, the teachers of each room, or `creator`, the exam's creator alone. Administrators always can. */
  controlledBy: "rooms" | "creator";
  /** The most minutes in total by which teachers of rooms may extend a person's attempt. It does not limit the exam's creator. Absent: as many as anyone. */
  maxRoomMinutes?: number | undefined;
  /** Whether each person needs `one` camera or `both`: that of their page, and a second one. */
  cameras: "one" | "both";
  /** The address of the questions, which the candidate's page opens in a tab of its own. Absent: the questions are elsewhere. */
  questionsUrl?: string | undefined;
  /** The detectors of the candidate's page. An empty list: none. Absent: all. */
  detectors?: ("pageHidden" | "focusLost" | "pictureDark" | "pictureFrozen" | "deviceLost" | "deviceMuted")[] | undefined;
  /** Whether the caller may change, plan, end and delete the exam: administrators and its creator, unless their token is bound to a room. */
  mayManage: boolean;
  /** Whether the caller may duplicate the exam: as `mayManage`, with a token that is not bound to it. */
  mayDuplicate: boolean;
  /** When it was created. */
  createdAt: Date;
  /** When it last changed. Equal to `createdAt` if it never did. */
  updatedAt: Date;
  /** The clips that the exam plays by itself, ordered by start time. */
  scheduledAudio: ScheduledAudio[];
  /** The clips that a teacher starts by hand, in the order of attachment. If none is attached, the default clips of the library. */
  manualAudio: ManualAudio[];
}

/** An audio clip that the exam plays by itself at its start time. */
export interface ScheduledAudio {
  /** The id of the attachment. An exam may schedule the same clip several times. */
  id: string;
  /** The id of the clip in the library. */
  clipId: string;
  /** The name of the clip. */
  name: string;
  /** The class of the clip: a number that the school chooses. */
  classify: number;
  /** An absolute URL that an `<audio>` element of any origin can play. */
  url: string;
  /** A second URL of the file in object storage, if there is one. */
  ossUrl?: string | undefined;
  /** When the exam plays the clip. */
  startTime: Date;
}

/** An audio clip that the teacher can start by hand. */
export interface ManualAudio {
  /** The id of the attachment. An exam may schedule the same clip several times. */
  id: string;
  /** The id of the clip in the library. */
  clipId: string;
  /** The name of the clip. */
  name: string;
  /** The class of the clip: a number that the school chooses. */
  classify: number;
  /** An absolute URL that an `<audio>` element of any origin can play. */
  url: string;
  /** A second URL of the file in object storage, if there is one. */
  ossUrl?: string | undefined;
}

/** Input of `exam.delete`. */
export interface DeleteExamInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** Whether to delete the exam with its rooms and people. Without it, an exam that has some is not deleted. Default: `false`. */
  withRooms?: boolean | null | undefined;
  /** Whether to delete the cheat records, too, which implies `withRooms`. For administrators only. Default: `false`. */
  withRecords?: boolean | null | undefined;
  /** The exact name of the exam. Required with `withRecords`. At most 200 characters. */
  confirm?: string | null | undefined;
  /** `now` erases the exam at once. Absent: administrators can restore it for the time that the server is configured for. */
  erase?: "now" | null | undefined;
}

/** Output of `exam.delete`. */
export interface DeletedExam {
  /** How many rooms were deleted with the exam. */
  rooms: number;
  /** How many people were deleted with the exam. */
  people: number;
  /** How many cheat records were deleted. Absent: none were deleted. */
  records?: number | undefined;
  /** Until when the exam can be restored. Absent: it is erased at once. */
  eraseAt?: Date | undefined;
}

/** Input of `exam.duplicate`. */
export interface DuplicateExamInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The name of the new exam, on one line, without white space at its ends. 1 to 63 characters. */
  name: string;
  /** When the new exam begins. Absent: when the other one does. */
  startTime?: Date | null | undefined;
  /** When the new exam ends: after it begins. Absent: it lasts as long as the other one. */
  endTime?: Date | null | undefined;
  /** Whether it gets rooms of the same names, in progress, with their teachers and inspectors. Default: `false`. */
  withRooms?: boolean | null | undefined;
  /** Whether it gets the same people, without a room, as after an import. With `withRooms`, teachers and inspectors keep their rooms. Default: `false`. */
  withPeople?: boolean | null | undefined;
}

/** Output of `exam.duplicate`: the new exam. */
export interface DuplicatedExam {
  /** The id of the exam. */
  id: string;
  /** The name of the exam. */
  name: string;
  /** When the exam begins. */
  startTime: Date;
  /** When the exam ends. For an examinee, when it ends for them, with their minutes and pauses. */
  endTime: Date;
  /** How the cameras of examinees should encode video. Absent: as the apps choose. */
  videoProfile?: VideoProfile | undefined;
  /** Who extends, terminates and reopens attempts: `rooms`, the teachers of each room, or `creator`, the exam's creator alone. Administrators always can. */
  controlledBy: "rooms" | "creator";
  /** The most minutes in total by which teachers of rooms may extend a person's attempt. It does not limit the exam's creator. Absent: as many as anyone. */
  maxRoomMinutes?: number | undefined;
  /** Whether each person needs `one` camera or `both`: that of their page, and a second one. */
  cameras: "one" | "both";
  /** The address of the questions, which the candidate's page opens in a tab of its own. Absent: the questions are elsewhere. */
  questionsUrl?: string | undefined;
  /** The detectors of the candidate's page. An empty list: none. Absent: all. */
  detectors?: ("pageHidden" | "focusLost" | "pictureDark" | "pictureFrozen" | "deviceLost" | "deviceMuted")[] | undefined;
  /** Whether the caller may change, plan, end and delete the exam: administrators and its creator, unless their token is bound to a room. */
  mayManage: boolean;
  /** Whether the caller may duplicate the exam: as `mayManage`, with a token that is not bound to it. */
  mayDuplicate: boolean;
  /** When it was created. */
  createdAt: Date;
  /** When it last changed. Equal to `createdAt` if it never did. */
  updatedAt: Date;
  /** The clips that the exam plays by itself, ordered by start time. */
  scheduledAudio: ScheduledAudio[];
  /** The clips that a teacher starts by hand, in the order of attachment. If none is attached, the default clips of the library. */
  manualAudio: ManualAudio[];
  /** How many rooms the new exam has. */
  rooms: number;
  /** How many people the new exam has, with and without a room. */
  people: number;
}

/** Output of `exam.end`. */
export interface EndedExam {
  /** How many rooms this call has ended. */
  ended: number;
  /** How many rooms had ended before. */
  alreadyEnded: number;
  /** How many rooms are still in progress, because a call ends at most 500. Call again until none is left. */
  remaining: number;
}

/** Input of `exam.entries`. */
export interface ExamEntriesInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** Only entries of this room. Absent: of all that the caller may see. 1 to 128 characters. */
  roomId?: string | null | undefined;
  /** Only entries about this person: without `roomId`, if they sit the exam in a room that the caller may see, of all rooms. Absent: about all. 1 to 128 characters. */
  userId?: string | null | undefined;
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `100`. */
  pageSize?: number | null | undefined;
  /** The `nextCursor` of the previous page. Absent: the first page. At least 0. */
  cursor?: number | null | undefined;
}

/** Output of `exam.entries`. */
export interface ExamEntryPage {
  /** The newest entries first. */
  entries: ExamEntry[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: number | undefined;
}

/** Input of `exam.erase`. */
export interface EraseExamInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The exact name of the exam. At most 200 characters. */
  confirm: string;
}

/** Input of `exam.list`. */
export interface ListExamsInput {
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `20`. */
  pageSize?: number | null | undefined;
  /** The last exam id of the previous page. Absent: the first page. 1 to 128 characters. */
  cursor?: string | null | undefined;
  /** Whether to count the rooms and examinees of each exam. It takes time for each of them. Default: `false`. */
  withCounts?: boolean | null | undefined;
}

/** Output of `exam.list`. */
export interface ExamPage {
  /** The newest exams first. */
  exams: ExamSummary[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: string | undefined;
}

/** An exam without its audio. */
export interface ExamSummary {
  /** The id of the exam. */
  id: string;
  /** The name of the exam. */
  name: string;
  /** When the exam begins. */
  startTime: Date;
  /** When the exam ends. For an examinee, when it ends for them, with their minutes and pauses. */
  endTime: Date;
  /** How the cameras of examinees should encode video. Absent: as the apps choose. */
  videoProfile?: VideoProfile | undefined;
  /** Who extends, terminates and reopens attempts: `rooms`, the teachers of each room, or `creator`, the exam's creator alone. Administrators always can. */
  controlledBy: "rooms" | "creator";
  /** The most minutes in total by which teachers of rooms may extend a person's attempt. It does not limit the exam's creator. Absent: as many as anyone. */
  maxRoomMinutes?: number | undefined;
  /** Whether each person needs `one` camera or `both`: that of their page, and a second one. */
  cameras: "one" | "both";
  /** The address of the questions, which the candidate's page opens in a tab of its own. Absent: the questions are elsewhere. */
  questionsUrl?: string | undefined;
  /** The detectors of the candidate's page. An empty list: none. Absent: all. */
  detectors?: ("pageHidden" | "focusLost" | "pictureDark" | "pictureFrozen" | "deviceLost" | "deviceMuted")[] | undefined;
  /** Whether the caller may change, plan, end and delete the exam: administrators and its creator, unless their token is bound to a room. */
  mayManage: boolean;
  /** Whether the caller may duplicate the exam: as `mayManage`, with a token that is not bound to it. */
  mayDuplicate: boolean;
  /** When it was created. */
  createdAt: Date;
  /** When it last changed. Equal to `createdAt` if it never did. */
  updatedAt: Date;
  /** How large the exam is. Absent unless `withCounts` asks for it. */
  counts?: ExamCounts | undefined;
}

/** How large an exam is, including the parts that the caller may not see. Each number is counted up to 10000, which means that many or more. */
export interface ExamCounts {
  /** The number of rooms, in progress and ended. */
  rooms: number;
  /** The number of examinees in rooms, and of those who have no room yet. */
  examinees: number;
}

/** Input of `exam.listDeleted`. */
export interface ListDeletedExamsInput {
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `20`. */
  pageSize?: number | null | undefined;
  /** The last exam id of the previous page. Absent: the first page. 1 to 128 characters. */
  cursor?: string | null | undefined;
}

/** Output of `exam.listDeleted`. */
export interface RestorableExamPage {
  /** The newest exams first. */
  exams: RestorableExam[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: string | undefined;
}

/** A deleted exam that can be restored. */
export interface RestorableExam {
  /** The id of the exam. */
  id: string;
  /** The name of the exam. */
  name: string;
  /** When the exam begins. */
  startTime: Date;
  /** When the exam ends. */
  endTime: Date;
  /** The user id of the exam's creator. */
  createdBy: string;
  /** When the exam was deleted. */
  deletedAt: Date;
  /** Until when the exam can be restored. */
  eraseAt: Date;
}

/** Input of `exam.note`. */
export interface ExamNoteInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The room that the note is about, or in which the person is. Absent: the whole exam. 1 to 128 characters. */
  roomId?: string | null | undefined;
  /** The person whom the note is about. They must be in the room. Absent: the room or the exam. 1 to 128 characters. */
  userId?: string | null | undefined;
  /** How serious it is. `look`: it needs a look. `serious`: it needs a decision. Default: `"info"`. */
  severity?: "info" | "look" | "serious" | null | undefined;
  /** When it happened. Absent: not said. */
  at?: Date | null | undefined;
  /** A text for staff. The person never sees it. 1 to 1,000 characters. */
  text: string;
  /** An idempotency key, which must not begin with `server:`. Repeating a call with its key writes nothing, and returns the entry of the first call. 1 to 64 characters. */
  key: string;
}

/** Input of `exam.onEvent`. */
export interface OnExamEventInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The last event that the subscriber received. Absent: only new events. */
  lastEventId?: string | null | undefined;
}

/** Input of `exam.onPeople`. */
export interface OnPeopleEventInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The last event that the subscriber received. Absent: only new events. */
  lastEventId?: string | null | undefined;
}

/** Input of `exam.people`. */
export interface ExamPeopleInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** Only the people of this room. Absent: all, also those without a room. 1 to 128 characters. */
  roomId?: string | null | undefined;
  /** Only people whose name or id contains this text, or whose name is spelled so: `wf`, `wangfang` and `wfang` find 王芳 and Wang Fang. Accents do not matter. Absent: everybody. Then a page may have fewer people than `pageSize`, or none, although a page follows. 1 to 64 characters. */
  search?: string | null | undefined;
  /** The number of people per page. 0 means the default. 0 to 1,000. Default: `1000`. */
  pageSize?: number | null | undefined;
  /** The `nextCursor` of the previous page. Absent: the first page. */
  cursor?: string | null | undefined;
}

/** Output of `exam.people`. */
export interface RosterPage {
  /** The people in the order in which they were added: first those in rooms, then those without. */
  people: RosterEntry[];
  /** The last event that this page includes. Read all pages, then subscribe with the `lastEventId` of the first one. */
  lastEventId: string;
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: string | undefined;
  /** The rooms that the caller can see. On the first page only. */
  rooms?: Room[] | undefined;
  /** Counts of all people whom the caller can see, including those whom the filter hides. On the first page only. */
  counts?: RosterCounts | undefined;
}

/** A person of an exam, in one of its rooms or without a room. A person in several rooms has an entry for each. */
export interface RosterEntry {
  /** The user id of the person. */
  userId: string;
  /** The name of the person. */
  name: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** How many minutes after the exam's end the person may continue. 0 for teachers and inspectors. */
  extraMinutes: number;
  /** The person's attempt at the exam. Absent: nothing was decided about it, and it is running. */
  attempt?: Attempt | undefined;
  /** What staff found of the person's identity. Absent: they have not checked it, and for examinees, who never see it. */
  identity?: Identity | undefined;
  /** The checks of the person before the exam. Absent: nothing was checked. */
  readiness?: Readiness | undefined;
  /** True if the detectors of the candidate's page are off for the person. Absent: they are as in the exam. */
  detectorsOff?: boolean | undefined;
  /** The id of the room. Absent: the person has no room yet. */
  roomId?: string | undefined;
  /** Whether the cameras of the person send their streams. */
  publishStatus: RosterEntryPublishStatus;
  /** Since when the cameras have these statuses, by the server's clock. */
  publishStatusSince: RosterEntryPublishStatusSince;
  /** The person's connected pages. */
  pages: RosterEntryPages[];
  /** The person's pages that were connected in this room and are not any more. */
  left: RosterEntryLeft[];
  /** The number of cheat records about the person in the room. */
  detections: number;
  /** When the server received the newest of these records. Absent: there is none, or it is not known. */
  lastDetectionTime?: Date | undefined;
  /** The open hand of the person. Absent: they have none. */
  hand?: Hand | undefined;
}

/** Whether the cameras of the person send their streams. */
export interface RosterEntryPublishStatus {
  /** Whether the main camera sends its stream: not yet, now, or no longer. */
  main: "idle" | "publishing" | "stopped";
  /** Whether the PC camera sends its stream: not yet, now, or no longer. */
  pc: "idle" | "publishing" | "stopped";
}

/** Since when the cameras have these statuses, by the server's clock. */
export interface RosterEntryPublishStatusSince {
  /** Since when the main camera has its status. Absent: it is not known. */
  main?: Date | undefined;
  /** Since when the PC camera has its status. Absent: it is not known. */
  pc?: Date | undefined;
}

/** A connected page. */
export interface RosterEntryPages {
  /** The camera and its page: `main` is the first or only one, `pc` the second one: in the vendor's apps the phone's and the PC's, on the candidate's page that of the device at which the person sits and that of another device. */
  camera: "main" | "pc";
  /** The time since which the page has been connected. Interruptions shorter than the settle time do not count. */
  since: Date;
  /** The number of devices that have the page open, counted as connections that subscribe as this person and camera. More than one may mean that several people use the same link. A device without a subscription is not counted. */
  devices: number;
}

/** A page that was connected, and is not. */
export interface RosterEntryLeft {
  /** The camera and its page: `main` is the first or only one, `pc` the second one: in the vendor's apps the phone's and the PC's, on the candidate's page that of the device at which the person sits and that of another device. */
  camera: "main" | "pc";
  /** Since when the page has been disconnected, by the server's clock. */
  since: Date;
}

/** How many people of an exam are in which state. Each examinee has one of the states, from `unseated` to `notPublishing`. */
export interface RosterCounts {
  /** The number of entries: people of all roles, each once for each of their rooms. */
  people: number;
  /** The number of examinees who have no room yet. */
  unseated: number;
  /** The number of examinees whose room has ended. */
  ended: number;
  /** The number of examinees who have not been there yet. */
  expected: number;
  /** The number of examinees who were there, and whose pages are all disconnected. */
  disconnected: number;
  /** The number of examinees who are there, and a camera of whom no longer sends its stream. */
  stopped: number;
  /** The number of examinees who are there, and whose cameras send their streams, or one of them does. */
  publishing: number;
  /** The number of examinees who are there, and whose cameras have not begun to send their streams. */
  notPublishing: number;
  /** The number of examinees about whom there are cheat records, in addition to their other counts. */
  detected: number;
}

/** Input of `exam.plan`. */
export interface PlanExamInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The maximum number of examinees per room. 1 to 500. */
  roomSize: number;
  /** Teachers and inspectors in addition to those whom the exam already has. At most 5,000 elements. Default: `[]`. */
  teachers?: PlanExamInputTeachers[] | null | undefined;
  /** The same seed gives the same shuffled order of the same people. Absent: the order of the import. 1 to 64 characters. */
  seed?: string | null | undefined;
  /** The name of new rooms. `{n}` is replaced by the number of the room. 1 to 50 characters. Default: `"Room {n}"`. */
  roomName?: string | null | undefined;
  /** Whether rooms may have no teacher if there are too few. The caller becomes the `createTeacher` of those that the plan creates, without being in them. A later plan with teachers, or `room.setTeacher`, hands them on. Default: `false`. */
  withoutTeachers?: boolean | null | undefined;
  /** Whether to only return the plan. Default: `false`. */
  dryRun?: boolean | null | undefined;
  /** The number of rooms to omit from the start of the answer. Use it in a dry run to see the rooms after those of the previous answer. 0 to 1,000,000. Default: `0`. */
  skipRooms?: number | null | undefined;
}

export interface PlanExamInputTeachers {
  /** The id of the person: letters, digits, `_`, `-` and `.`, at most 61. It neither begins with `pc_` nor ends with `_pc`. */
  userId: string;
  /** The name of the person. 1 to 64 characters. */
  name: string;
  /** The role of the person in their room. */
  role: "teacher" | "inspector";
}

/** Output of `exam.plan`. */
export interface ExamPlan {
  /** The number of the plan, for `exam.undoPlan`. Absent in a dry run, and if nothing was changed. */
  plan?: number | undefined;
  /** Whether the teachers are enough. A dry run does not fail if they are not. */
  teachers: ExamPlanTeachers;
  /** The exam's rooms in progress, in the order of creation. If `moreRooms` is present, only the first ones. */
  rooms: PlannedRoom[];
  /** The number of rooms that are not listed. Absent if there are none. See `skipRooms`. */
  moreRooms?: number | undefined;
  /** The number of rooms that the plan creates. */
  newRooms: number;
  /** The number of examinees who were assigned to a room. */
  seated: number;
  /** The number of teachers and inspectors without a room, including those in `teachers`. They wait because the exam has no room in progress and no examinee needs one. */
  waiting: number;
}

/** Whether the teachers are enough. A dry run does not fail if they are not. */
export interface ExamPlanTeachers {
  /** The number of rooms without a teacher, including those that the plan creates. */
  needed: number;
  /** The number of teachers without a room, including those in `teachers`. */
  available: number;
  /** The smallest `roomSize` for which the teachers are enough. Absent if they are, or if there is none. */
  sufficientRoomSize?: number | undefined;
}

/** A room of a plan. */
export interface PlannedRoom {
  /** The id of the room. Absent in a dry run for a room that does not exist yet. */
  roomId?: string | undefined;
  /** The name of the room. */
  name: string;
  /** Whether the plan creates the room. */
  isNew: boolean;
  /** The number of examinees, including those whom the plan adds. */
  examinees: number;
  /** The people whom the plan adds. */
  seated: PlannedPerson[];
}

/** A person whom the plan adds to a room. */
export interface PlannedPerson {
  /** The user id of the person. */
  userId: string;
  /** The name of the person. */
  name: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** Whether this is an additional teacher of a room that already has one. A spare teacher can replace another. */
  spare: boolean;
}

export interface ExamPlansOutput {
  /** The number of the plan in the exam, from 1. */
  plan: number;
  /** The number of rooms that it created. */
  newRooms: number;
  /** The number of seats that it filled, in every role. Staff of several rooms have several. */
  seated: number;
  /** The user id of the person who made it. */
  by: string;
  /** When it was made. */
  createdAt: Date;
  /** When it was undone. Absent if it was not. */
  undoneAt?: Date | undefined;
}

/** Output of `exam.restore`. */
export interface RestoredExam {
  /** The id of the exam. */
  id: string;
  /** The name of the exam. */
  name: string;
  /** When the exam begins. */
  startTime: Date;
  /** When the exam ends. For an examinee, when it ends for them, with their minutes and pauses. */
  endTime: Date;
  /** How the cameras of examinees should encode video. Absent: as the apps choose. */
  videoProfile?: VideoProfile | undefined;
  /** Who extends, terminates and reopens attempts: `rooms`, the teachers of each room, or `creator`, the exam's creator alone. Administrators always can. */
  controlledBy: "rooms" | "creator";
  /** The most minutes in total by which teachers of rooms may extend a person's attempt. It does not limit the exam's creator. Absent: as many as anyone. */
  maxRoomMinutes?: number | undefined;
  /** Whether each person needs `one` camera or `both`: that of their page, and a second one. */
  cameras: "one" | "both";
  /** The address of the questions, which the candidate's page opens in a tab of its own. Absent: the questions are elsewhere. */
  questionsUrl?: string | undefined;
  /** The detectors of the candidate's page. An empty list: none. Absent: all. */
  detectors?: ("pageHidden" | "focusLost" | "pictureDark" | "pictureFrozen" | "deviceLost" | "deviceMuted")[] | undefined;
  /** Whether the caller may change, plan, end and delete the exam: administrators and its creator, unless their token is bound to a room. */
  mayManage: boolean;
  /** Whether the caller may duplicate the exam: as `mayManage`, with a token that is not bound to it. */
  mayDuplicate: boolean;
  /** When it was created. */
  createdAt: Date;
  /** When it last changed. Equal to `createdAt` if it never did. */
  updatedAt: Date;
  /** When the exam was deleted. Its rooms that were in progress then have ended at that time. `room.reopen` reopens one. */
  deletedAt: Date;
  /** The rooms that ended with the deletion, and not before it, at most 1000: those that were made first. */
  endedRooms: RestoredExamEndedRooms[];
}

export interface RestoredExamEndedRooms {
  /** The id of the room. */
  id: string;
  /** The name of the room. */
  name: string;
}

/** Input of `exam.roomSeries`. */
export interface RoomSeriesInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `100`. */
  pageSize?: number | null | undefined;
  /** The last room id of the previous page. Absent: the first page. 1 to 128 characters. */
  cursor?: string | null | undefined;
}

/** Output of `exam.roomSeries`. */
export interface RoomSeriesPage {
  /** When the first minute of the lists begins. */
  start: Date;
  /** Rooms in the order of their ids, each with the last 60 minutes. */
  rooms: RoomSeriesPageRooms[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: string | undefined;
}

/** The series of a room. */
export interface RoomSeriesPageRooms {
  /** The id of the room. */
  roomId: string;
  /** How many examinees had a page connected at the end of each minute. `null`: nothing was counted in that minute. */
  present: (number | null)[];
  /** How many examinees sent a stream at the end of each minute. `null`: nothing was counted in that minute. */
  publishing: (number | null)[];
  /** How many cheat records arrived in each minute. `null`: nothing was counted in that minute. */
  detections: (number | null)[];
}

/** Input of `exam.series`. */
export interface ExamSeriesInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** Only this room. Absent: the sums of all rooms that the caller may see. 1 to 128 characters. */
  roomId?: string | null | undefined;
  /** When the first minute of the answer may begin. Absent: 24 hours ago, which is how long minutes are kept. */
  since?: Date | null | undefined;
}

/** Output of `exam.series`: an entry for each minute, from the first to the last in which something was counted. For callers with many rooms of the exam, but not all, it may begin later than requested. */
export interface ExamSeries {
  /** When the first minute of the lists begins. */
  start: Date;
  /** How many examinees had a page connected at the end of each minute. `null`: nothing was counted in that minute. */
  present: (number | null)[];
  /** How many examinees sent a stream at the end of each minute. `null`: nothing was counted in that minute. */
  publishing: (number | null)[];
  /** How many cheat records arrived in each minute. `null`: nothing was counted in that minute. */
  detections: (number | null)[];
}

/** Input of `exam.setConsent`. */
export interface SetConsentInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The text in Chinese. Empty: there is none in this language. At most 20,000 characters. */
  zh: string;
  /** The text in English. Empty: there is none in this language. At most 20,000 characters. */
  en: string;
}

/** The rooms of an exam, read atomically with the id of the last event. */
export interface ExamSnapshot {
  /** The id of the exam. */
  examId: string;
  /** The rooms of the exam that the caller can see. */
  rooms: Room[];
  /** Subscribe from this id to receive every later event. */
  lastEventId: string;
}

/** Input of `exam.undoPlan`. */
export interface UndoPlanInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The number of the plan. At least 1. */
  plan: number;
}

/** Output of `exam.undoPlan`. */
export interface UndonePlan {
  /** The number of people who left their rooms, in every role. */
  unseated: number;
  /** The number of rooms that were deleted. */
  deletedRooms: number;
}

/** Input of `exam.update`. Absent fields keep their value. */
export interface UpdateExamInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The name of the exam, on one line, without white space at its ends. 1 to 63 characters. */
  name?: string | null | undefined;
  /** When the exam begins. */
  startTime?: Date | null | undefined;
  /** When the exam ends: after it begins. */
  endTime?: Date | null | undefined;
  /** How the cameras of examinees should encode video. `null` removes the profile. */
  videoProfile?: VideoProfileInput | null | undefined;
  /** Who extends, terminates and reopens attempts: `rooms`, the teachers of each room, or `creator`, the exam's creator alone. Administrators always can. */
  controlledBy?: "rooms" | "creator" | null | undefined;
  /** The most minutes in total by which teachers of rooms may extend a person's attempt. It does not limit the exam's creator. `null`: as many as anyone. */
  maxRoomMinutes?: number | null | undefined;
  /** Whether each person needs `one` camera or `both`: that of their page, and a second one. */
  cameras?: "one" | "both" | null | undefined;
  /** The address of the questions, which the candidate's page opens in a tab of its own. `null`: the questions are elsewhere. */
  questionsUrl?: string | null | undefined;
  /** The detectors of the candidate's page. An empty list: none. `null`: all. */
  detectors?: ("pageHidden" | "focusLost" | "pictureDark" | "pictureFrozen" | "deviceLost" | "deviceMuted")[] | null | undefined;
  /** Replaces all audio of the exam. At most 200 elements. */
  audio?: UpdateExamInputAudio[] | null | undefined;
  /** Why the times change. Required if the exam has begun and they change for people in its rooms. It is kept in the history of each of them. */
  reason?: UpdateExamInputReason | null | undefined;
}

export interface UpdateExamInputAudio {
  /** The id of the clip in the library. 1 to 128 characters. */
  clipId: string;
  /** When the exam plays the clip. Absent: the teacher starts the clip by hand. */
  startTime?: Date | null | undefined;
}

export interface UpdateExamInputReason {
  /** Why it was decided: a code that apps have texts for. */
  code: "technical" | "connection" | "identity" | "misconduct" | "health" | "disturbance" | "accommodation" | "mistake" | "other";
  /** A text for staff, which the person never sees. Absent: none. 1 to 1,000 characters. */
  note?: string | null | undefined;
  /** A text that the person sees. Absent: none. 1 to 1,000 characters. */
  message?: string | null | undefined;
}

/** Input of `hand.answer`. */
export interface AnswerHandInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The id of the hand. At least 1. */
  handId: number;
  /** `take`: the caller takes care of it. `grant`: a break begins. `resolve`: it is over, and so is a break. */
  action: "take" | "grant" | "resolve";
  /** A note for the staff, which replaces the one before. Examinees do not see it. Absent: the note stays as it is. 1 to 500 characters. */
  note?: string | null | undefined;
}

/** Input of `hand.list`. At least one of `roomId` and `examId` is required. */
export interface ListHandsInput {
  /** Only hands in this room. Absent: `examId` names the exam. 1 to 128 characters. */
  roomId?: string | null | undefined;
  /** Only hands in this exam. Absent: `roomId` names the room. 1 to 128 characters. */
  examId?: string | null | undefined;
  /** Only hands of this person: if they sit the exam in a room that the call is about, of all rooms of the exam. Absent: of everybody. 1 to 128 characters. */
  userId?: string | null | undefined;
  /** Only hands with one of these statuses. Absent: all. */
  statuses?: ("raised" | "taken" | "granted" | "resolved")[] | null | undefined;
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `100`. */
  pageSize?: number | null | undefined;
  /** The `nextCursor` of the previous page. Absent: the first page. At least 1. */
  cursor?: number | null | undefined;
}

/** Output of `hand.list`. */
export interface HandPage {
  /** The oldest hands first. */
  hands: Hand[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: number | undefined;
}

/** Input of `hand.raise`. */
export interface RaiseHandInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The examinee whose hand is raised. Absent: the caller. Staff must name one, and take the hand as they raise it. 1 to 128 characters. */
  userId?: string | null | undefined;
  /** What the person asks for: help, a break, or help with a technical problem. */
  kind: "help" | "break" | "technical";
  /** What the person wants to say. Absent: nothing. 1 to 200 characters. */
  text?: string | null | undefined;
}

/** Input of `im.getToken`. */
export interface GetImTokenInput {
  /** The caller's own user id, or `pc_` followed by it for their PC page. Administrators may name anybody. 1 to 128 characters. */
  userId: string;
  /** The message services to use. Absent: the answer is `aliyunOldIm`, of the older service if it is configured, otherwise of `aliyun_new`. 1 to 16 elements. */
  imServer?: ("aliyun_new" | "aliyun_old" | "rong_cloud")[] | null | undefined;
  /** The room of the caller. Absent: the one that their token names. 1 to 128 characters. */
  roomId?: string | null | undefined;
  /** The id of the device: lower-case letters, digits, `_` and `-`, at most 64. Required for `aliyun_old` only. 1 to 128 characters. */
  deviceId?: string | null | undefined;
  /** The kind of the device. Required for `aliyun_old` only. */
  deviceType?: "ios" | "android" | "web" | "pc" | null | undefined;
  /** With `admin`, the holder of the token can send commands to the group. For administrators and teachers only. */
  role?: "admin" | null | undefined;
}

/** Input of `im.history`. */
export interface ListMessagesInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The page that reads the messages. Default: `"main"`. */
  camera?: "main" | "pc" | null | undefined;
  /** Only messages from this person, to them and to everybody, on both of their pages. If they sit the exam in the room, their own are of all rooms of the exam. Examinees may only name themselves, which changes nothing. Absent: all that the page may read. 1 to 128 characters. */
  userId?: string | null | undefined;
  /** Only messages of this type. Absent: of every type. 1 to 2,147,483,647. */
  type?: number | null | undefined;
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `20`. */
  pageSize?: number | null | undefined;
  /** The last message id of the previous page. Absent: the first page. At least 1. */
  cursor?: number | null | undefined;
}

/** Output of `im.history`. */
export interface MessagePage {
  /** The messages that the caller's page may read, the newest first. */
  messages: Message[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: number | undefined;
}

/** A message as it is delivered. */
export interface Message {
  /** The id of the message. It increases within the room. */
  id: number;
  /** The id of the room. */
  roomId: string;
  /** The number of a signal, or of an application's own message. */
  type: number;
  /** The content. `readSignal(type, data)` parses it if `type` is the number of a signal. */
  data: JsonValue;
  /** Who sent the message, and from which page. */
  sender: MessageSender;
  /** The logins of the receivers: a user id for the main page, `pc_<id>` for the PC page. Absent: everybody in the room, or only its staff if an examinee sends the message. Staff can read all messages. */
  to?: string[] | undefined;
  /** When the server stored the message. */
  time: Date;
}

/** Who sent the message, and from which page. */
export interface MessageSender {
  /** The user id of the sender. `server` for messages of the server itself. */
  userId: string;
  /** The role of the sender. */
  role: "admin" | "teacher" | "inspector" | "examinee" | "server";
  /** The camera and its page: `main` is the first or only one, `pc` the second one: in the vendor's apps the phone's and the PC's, on the candidate's page that of the device at which the person sits and that of another device. */
  camera: "main" | "pc";
}

/** Input of `im.send`. The content is either `data` or `text`. */
export interface SendMessageInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The number of a signal, or above 30000 for a message of the application's own. 1 to 2,147,483,647. */
  type: number;
  /** The content, of at most 64 KiB as JSON (commands: 161536 bytes). Absent: it is in `text`. */
  data?: JsonValue | null | undefined;
  /** The JSON text of the content, which the vendor's apps receive byte for byte. Absent: it is in `data`. 1 to 161,536 characters. */
  text?: string | undefined;
  /** The logins of the receivers: a user id for the main page, `pc_<id>` for the PC page. Absent: everybody in the room, or only its staff if an examinee sends the message. Examinees may only name staff. */
  to?: string[] | null | undefined;
  /** The page that sends the message. Default: `"main"`. */
  camera?: "main" | "pc" | null | undefined;
  /** An idempotency key. If the same login repeats a key, the server returns the earlier message. Absent: none. 1 to 64 characters. */
  key?: string | null | undefined;
}

/** The id and the time that the server gave to a message. */
export interface SentMessage {
  /** The id of the message. It increases within the room. */
  id: number;
  /** When the server stored the message. */
  time: Date;
}

/** Output of `installation.info`: what a page needs to know before anybody has signed in. */
export interface InstallationInfo {
  /** Whether calls need a token. `off`: a demo, in which every caller is an administrator. */
  auth: "required" | "off";
  /** Whether the server was started as the demo, with data that is made up. */
  isDemo: boolean;
  /** The time zone in which this installation shows times. */
  timeZone: string;
  /** Whether a media server carries the cameras: browsers publish with `stream.publish` and watch with `stream.watch`. */
  canWatch: boolean;
  /** Whether examinees sit exams on this server's page, because no app is set for them. */
  usesCandidatePage: boolean;
  /** For how many days a deleted exam can be restored. 0: a deletion erases the exam at once. */
  restoreDays: number;
}

/** Output of `installation.servers`. */
export interface RunningServers {
  /** The servers that run, those that started first at first. A command sees none with SQLite. */
  servers: RunningServer[];
}

/** A server of the installation. */
export interface RunningServer {
  /** The id of the server, which changes when it restarts. Empty for the only server of a database. */
  id: string;
  /** When the server started. Absent: it runs an earlier version, which does not say. */
  startedAt?: Date | undefined;
  /** When the server last said that it runs. It does so every five seconds. */
  renewedAt: Date;
  /** The version of Invigil. Absent: an earlier version, which does not say. */
  version?: string | undefined;
  /** Whether this server answered the call. */
  isThis: boolean;
}

/** Output of `installation.usage`. */
export interface InstallationUsage {
  /** The database. */
  database: InstallationUsageDatabase;
  /** The disk of this server. */
  disk: InstallationUsageDisk;
  /** The size of all uploaded audio files in bytes. */
  audioBytes: number;
  /** The number of exams, without deleted ones. */
  exams: number;
  /** What was under way in the last minute. */
  underWay: InstallationUsageUnderWay;
  /** What carries the streams. Absent: the server runs an earlier version, which does not say. */
  streams?: InstallationUsageStreams | undefined;
  /** The WebSockets and SSE connections of people to this server. */
  connections: number;
  /** The subscriptions of people at this server. */
  subscriptions: number;
  /** How much may be done in a minute, as the settings have it: sizes are in MiB. */
  limits: InstallationUsageLimits[];
  /** How much may be stored, and how many connections a server accepts. */
  quotas: InstallationUsageQuotas[];
}

/** The database. */
export interface InstallationUsageDatabase {
  /** Which database the installation uses. */
  kind: "sqlite" | "postgres";
  /** The size of the database in bytes. */
  bytes: number;
}

/** The disk of this server. */
export interface InstallationUsageDisk {
  /** The free space in bytes: that of the database's file or of the data folder, where there is less. It includes pages of the file that hold nothing. Absent: unknown. */
  freeBytes?: number | undefined;
  /** The free space in bytes below which writes are refused. 0: they never are. */
  reserveBytes: number;
}

/** What was under way in the last minute. */
export interface InstallationUsageUnderWay {
  /** The rooms in progress whose exam was held, or in which a person was present. */
  rooms: number;
  /** The examinees in them who had a page connected. */
  present: number;
  /** The examinees in them who sent a stream. */
  publishing: number;
}

export interface InstallationUsageStreams {
  /** What carries the streams of cameras: the vendor's stream service, or the embedded media server. */
  service: "aliyun" | "embedded";
  /** How many streams it carries at the same time. A camera is a stream. */
  most: number;
}

/** A limit. */
export interface InstallationUsageLimits {
  /** The name of the setting. */
  name: string;
  /** Whose limit it is: of a person, an administrator, an address, a room or an exam. */
  of: string;
  /** How much may be done in a minute. */
  perMinute: number;
}

/** A quota, or another bound. */
export interface InstallationUsageQuotas {
  /** The name of the setting. */
  name: string;
  /** How much may be stored. */
  most: number;
}

/** Input of `outbox.list`. */
export interface ListDeadLettersInput {
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `50`. */
  pageSize?: number | null | undefined;
  /** The `nextCursor` of the previous page. Absent: the first page. 1 to 128 characters. */
  cursor?: string | null | undefined;
}

/** Output of `outbox.list`. */
export interface DeadLetterPage {
  /** The newest tasks first. */
  letters: DeadLetter[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: string | undefined;
}

/** A dead letter: a call to a message service that the server gave up. It is kept for 14 days. */
export interface DeadLetter {
  /** The id of the task. */
  id: string;
  /** The id of the exam whose task it was. The exam may be deleted. */
  examId: string;
  /** The message service that was called. */
  queue: string;
  /** What the call was for: `send`, `leave` or `delete_group`. */
  kind: string;
  /** The id of the group at the message service that the call was about. */
  key: string;
  /** Why the server gave up: the time for the call had passed, or the service refused it ten times. */
  reason: "expired" | "refused";
  /** The last error of the service. Absent: it was not tried. */
  lastError?: string | undefined;
  /** How often the call was tried. */
  attempts: number;
  /** When the task was added. */
  createdAt: Date;
  /** When the server gave up. */
  diedAt: Date;
}

/** Input of `outbox.retry`. */
export interface DeadLetterRef {
  /** The id of the task. 1 to 128 characters. */
  id: string;
}

/** Output of `outbox.retry`. */
export interface Retried {
  /** Whether this call added the task again. False: there is no dead letter with this id, because it was tried again, dropped or pruned before. */
  retried: boolean;
}

/** Input of `participant.add`. */
export interface AddParticipantsInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The people to add, each of them once. 1 to 500 elements. */
  participants: NewParticipant[];
}

/** A person to add to a room. */
export interface NewParticipant {
  /** The id of the person: letters, digits, `_`, `-` and `.`, at most 61. It neither begins with `pc_` nor ends with `_pc`. */
  userId: string;
  /** The name of the person. 1 to 64 characters. */
  name: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** How many minutes after the exam's end an examinee may continue. Absent: 0 for a new person, the current value for an existing one. 0 to 600. */
  extraMinutes?: number | null | undefined;
}

/** Output of `participant.add`. */
export interface AddParticipantsResult {
  /** The number of people who were added. */
  added: number;
  /** The number of people whose name or extra minutes changed. */
  updated: number;
  /** The number of people who were already there as requested. */
  unchanged: number;
}

/** Input of `participant.checkIdentity`. */
export interface CheckIdentityInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
  /** What staff say of a person's identity. `later`: it is still to be checked. */
  status: "confirmed" | "refused" | "later";
  /** A text for staff, which the person never sees. Absent: none. 1 to 1,000 characters. */
  note?: string | null | undefined;
  /** An idempotency key, which must not begin with `server:`. Repeating a call with its key writes nothing, and returns the entry of the first call. 1 to 64 characters. */
  key: string;
}

/** Input of `participant.diagnose`. */
export interface DiagnoseInput {
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
  /** The id of the exam. Absent: what belongs to no exam, for administrators only. 1 to 128 characters. */
  examId?: string | null | undefined;
}

/** Output of `participant.diagnose`: what decides whether a person can enter. */
export interface Diagnosis {
  /** The user id of the person. */
  userId: string;
  /** Whether the person is in the exam, but has no room yet. */
  isUnseated: boolean;
  /** The rooms of the person that the caller may see. */
  seats: DiagnosisSeats[];
  /** The account of the person. Absent if they have none, as candidates do. */
  account?: DiagnosisAccount | undefined;
  /** The last 10 refusals in 7 days that the audit has of the person's calls in the exam, the newest first. */
  refusals: DiagnosisRefusals[];
  /** The services of the installation. */
  provider: DiagnosisProvider;
}

/** A seat of the person, with what decides whether they can enter. */
export interface DiagnosisSeats {
  /** The id of the room. */
  roomId: string;
  /** The name of the room. */
  roomName: string;
  /** Whether the room is in progress or has ended. */
  roomStatus: "in_progress" | "ended";
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** How often the links of the seat were revoked. */
  generation: number;
  /** The join codes of the seat: `current` if the last one leads into the room, `outdated` if links were revoked or the root secret has changed since it was made, `none` if none was made. */
  codes: DiagnosisSeatsCodes;
  /** When a link that is made now expires. */
  linksUntil: Date;
  /** What keeps the person from entering with a good link or code: the room has ended, their attempt is over, the exam is over, or (for codes only) the installation has no public URL. */
  obstacles: ("room_ended" | "attempt_over" | "exam_over" | "no_public_url")[];
}

/** The join codes of the seat: `current` if the last one leads into the room, `outdated` if links were revoked or the root secret has changed since it was made, `none` if none was made. */
export interface DiagnosisSeatsCodes {
  /** Of the first or only page. */
  main: "current" | "outdated" | "none";
  /** Of the second page. Absent: the person has none. */
  pc?: "current" | "outdated" | "none" | undefined;
}

export interface DiagnosisAccount {
  /** The role of the person. Candidates have no account: they use tokens. */
  role: "admin" | "teacher" | "inspector";
  /** Whether the account is barred from logging in. */
  disabled: boolean;
  /** The number of sessions that have not ended. */
  sessions: number;
}

export interface DiagnosisRefusals {
  /** When the first of these calls was refused. */
  time: Date;
  /** Why, as in the `outcome` of an entry of the audit. */
  reason: string;
  /** The procedure that was called. */
  procedure: string;
  /** The number of calls. */
  times: number;
  /** The room that the calls were about. Absent: none. */
  roomId?: string | undefined;
}

/** The services of the installation. */
export interface DiagnosisProvider {
  /** The message services that are configured. */
  messages: ("aliyun_new" | "aliyun_old" | "rong_cloud")[];
  /** What carries the streams. */
  streams: "aliyun" | "embedded";
  /** Whether cameras can publish. */
  canPublish: boolean;
}

/** Names a person in a room. */
export interface ParticipantRef {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
}

/** A person in a room. */
export interface Participant {
  /** The user id of the person. */
  userId: string;
  /** The id of the room. */
  roomId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The name of the person. */
  name: string;
  /** Whether the person is in a room in progress: this one, or another room of the exam that the caller can see. */
  hasRoomInProgress: boolean;
  /** How many minutes after the exam's end the person may continue. 0 for teachers and inspectors. */
  extraMinutes: number;
  /** Whether the cameras of the person send their streams. */
  publishStatus: ParticipantPublishStatus;
  /** The signed URLs of the streams of both cameras. */
  streams: ParticipantStreams;
  /** When it was created. */
  createdAt: Date;
  /** When it last changed. Equal to `createdAt` if it never did. */
  updatedAt: Date;
}

/** Whether the cameras of the person send their streams. */
export interface ParticipantPublishStatus {
  /** Whether the main camera sends its stream: not yet, now, or no longer. */
  main: "idle" | "publishing" | "stopped";
  /** Whether the PC camera sends its stream: not yet, now, or no longer. */
  pc: "idle" | "publishing" | "stopped";
}

/** The signed URLs of the streams of both cameras. */
export interface ParticipantStreams {
  /** The signed URLs of the main camera's stream. */
  main: StreamUrls;
  /** The signed URLs of the PC camera's stream. */
  pc: StreamUrls;
}

/** The signed URLs of a camera's stream. They stay the same for a minute, and are valid for the configured lifetime (`INVIGIL_STREAM_TTL_SECONDS`) and at most one minute longer. */
export interface StreamUrls {
  /** Authorizes publishing as this person. Only the person, their teacher and administrators receive it. `null` for other callers. */
  pushUrl: string | null;
  /** Plays the stream. */
  pullUrl: string;
  /** Plays the transcoded low-definition stream. */
  lowPullUrl: string;
  /** Plays the stream by HLS, in browsers without the vendor's player. Absent unless `INVIGIL_STREAM_HLS_URL` is set. */
  hlsUrl?: string | undefined;
  /** Plays the transcoded low-definition stream by HLS. Absent unless `INVIGIL_STREAM_HLS_URL` is set. */
  lowHlsUrl?: string | undefined;
  /** Plays the stream by WHEP, in browsers without the vendor's player. Absent unless `INVIGIL_STREAM_WHEP_URL` is set. */
  whepUrl?: string | undefined;
  /** Plays the transcoded low-definition stream by WHEP. Absent unless `INVIGIL_STREAM_WHEP_URL` is set. */
  lowWhepUrl?: string | undefined;
}

/** Input of `participant.import`. */
export interface ImportParticipantsInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The room of people whose row names none. Absent: they have no room until `exam.plan` assigns one. 1 to 128 characters. */
  roomId?: string | null | undefined;
  /** The file in base64, at most 10 MiB: CSV (UTF-8, UTF-16 or GB18030, with commas, tabs or semicolons) or XLSX. The first row has the column names, in Chinese or English: 学号/考号/id, 姓名/name, 考场/room, 角色/role, 加时/extra minutes. The first two columns are required. Other columns are not read, and the answer names them (`unreadColumns`). A row that holds a total (合计, total) and no person is left out. 1 to 14,000,000 characters. */
  file: string;
  /** Whether to only report the changes. Default: `false`. */
  dryRun?: boolean | null | undefined;
  /** Whether a dry run of a file with faults answers with them and with their part of the sheet. Otherwise such a file is refused. Default: `false`. */
  withFaults?: boolean | null | undefined;
  /** What columns contain whose titles do not say so. Each title must be that of one column, and a column or a field may be named once. A column whose title means the same field is not read then. Absent: the titles decide alone. */
  columns?: ColumnMeaning[] | null | undefined;
  /** The rows to leave out, of those that a dry run has listed with a fault. A row without a fault is refused. Absent: none. */
  skip?: number[] | null | undefined;
  /** The ids of people to remove from the exam after the import, of those whom a dry run has listed as `absent` and without `stays`. Not for an import into a room. Absent: all people stay. */
  remove?: string[] | null | undefined;
}

/** The meaning of a column, in place of what its title means. */
export interface ColumnMeaning {
  /** The title of the column, or its first 100 characters. Upper and lower case, spaces and punctuation are the same. 1 to 100 characters. */
  column: string;
  /** What the column contains. */
  field: "id" | "name" | "room" | "role" | "extraMinutes";
}

/** Output of `participant.import`. */
export interface ImportResult {
  /** The number of rows that contain a person. */
  rows: number;
  /** The number of people who were added. */
  added: number;
  /** The number of people whose name or extra minutes changed. */
  updated: number;
  /** The number of people who were already there as requested. */
  unchanged: number;
  /** The first 1,000 people whose name or extra minutes changed. */
  changes: ImportResultChanges[];
  /** The number of changes that are not listed. */
  moreChanges: number;
  /** The visible sheets of a workbook that are not empty but have no roster header, and were not imported. Absent if there are none. */
  unreadSheets?: string[] | undefined;
  /** The titles of the first 100 columns that were not read, because their titles are not known or another column means the same. Input `columns` can give them a meaning. Absent if there are none. */
  unreadColumns?: string[] | undefined;
  /** The number of further columns that were not read. Absent if all are listed. */
  moreUnreadColumns?: number | undefined;
  /** The first 100 ids that may have lost zeros in a spreadsheet: of another length than nearly all others, or numbers among texts. They were imported nevertheless. Absent if there are none. */
  warnings?: ImportResultWarnings[] | undefined;
  /** The number of warnings that are not listed. Absent if there are no warnings. */
  moreWarnings?: number | undefined;
  /** The first 10,000 faults, by row, because of which nothing can be imported. Absent without `withFaults`, or if there are none. */
  faults?: RosterFault[] | undefined;
  /** The number of faults that are not listed. Absent if there are none. */
  moreFaults?: number | undefined;
  /** The part of the sheet with the first faults: its first 30 columns. Absent if there are no faults. */
  sheet?: ImportResultSheet | undefined;
  /** The number of rows that `skip` left out. Absent if there are none. */
  skipped?: number | undefined;
  /** The first 100 rows that hold a total and were left out. Absent if there are none. */
  totalRows?: number[] | undefined;
  /** The first ten people as they were read. Only in a dry run, if there are no faults. */
  preview?: ImportResultPreview[] | undefined;
  /** The first 1,000 people who are not in the exam yet. Only in a dry run, if there are no faults. */
  newPeople?: ImportResultNewPeople[] | undefined;
  /** The number of new people who are not listed. Absent if all are listed. */
  moreNewPeople?: number | undefined;
  /** The first 1,000 people of the file who have extra minutes after the import, also if they had them before. Only in a dry run, if there are no faults. */
  withExtraMinutes?: ImportResultWithExtraMinutes[] | undefined;
  /** The number of people with extra minutes who are not listed. Absent if all are listed. */
  moreWithExtraMinutes?: number | undefined;
  /** The first 100 names that several people have, apart from case, width and spaces: people of the file and, in a dry run into the whole exam, those of `absent`. Absent if there are none. */
  sameNames?: ImportResultSameNames[] | undefined;
  /** The number of such names that are not listed. Absent if all are listed. */
  moreSameNames?: number | undefined;
  /** The first 1,000 people of the exam who are not in the file, of the roles that the file has. Only in a dry run into the whole exam, if there are no faults. */
  absent?: AbsentPerson[] | undefined;
  /** The number of absent people who are not listed. Absent if all are listed. */
  moreAbsent?: number | undefined;
  /** The number of people whom `remove` removed. Absent without `remove`. */
  removed?: number | undefined;
  /** The people of `remove` who stay, because they entered or were recorded during the import, or it was interrupted. Absent if there are none. */
  kept?: string[] | undefined;
}

export interface ImportResultChanges {
  /** The number of the row in the file, as spreadsheets count. */
  row: number;
  /** The user id of the person. */
  userId: string;
  /** The values before. */
  was: ImportResultChangesWas;
  /** The values now. */
  is: ImportResultChangesIs;
}

/** The values before. */
export interface ImportResultChangesWas {
  /** The name of the person. */
  name: string;
  /** How many minutes after the exam's end the person may continue. 0 for teachers and inspectors. */
  extraMinutes: number;
}

/** The values now. */
export interface ImportResultChangesIs {
  /** The name of the person. */
  name: string;
  /** How many minutes after the exam's end the person may continue. 0 for teachers and inspectors. */
  extraMinutes: number;
}

export interface ImportResultWarnings {
  /** The number of the row in the file, as spreadsheets count. */
  row: number;
  /** The header of the column, as it is in the file. */
  column: string;
  /** The text of the cell. */
  value: string;
  /** The name of the person. */
  person: string;
  /** Why the value is suspicious. */
  reason: string;
}

/** A fault in a cell of a roster. */
export interface RosterFault {
  /** The number of the row in the file, as spreadsheets count. */
  row: number;
  /** The header of the column, as it is in the file. */
  column: string;
  /** The number of the column, from 0. */
  cell: number;
  /** The beginning of what the cell shows. */
  value: string;
  /** The name in the row, or else the id. */
  person: string;
  /** `repeated`: an earlier row has the id. `ambiguous`: what the cell shows is not what it contains. `lost_digits`: the spreadsheet has rounded the number. `not_text`: the spreadsheet has changed what was typed. `other_role`, `other_room`: the person is in the exam already, in another role or room. `several_rooms`: several rooms have the name. `not_your_room`: the caller may not import into it. `no_header`: the cell has content, and its column no header. */
  code: "missing" | "repeated" | "hidden_row" | "ambiguous" | "lost_digits" | "not_text" | "invalid_id" | "invalid_name" | "invalid_minutes" | "minutes_of_staff" | "unknown_role" | "other_role" | "unknown_room" | "several_rooms" | "not_your_room" | "room_ended" | "other_room" | "no_header";
  /** The earlier row (`repeated`), the role or the room that the person has (`other_role`, `other_room`), or the room (`not_your_room`). Absent for other codes. */
  detail?: string | undefined;
  /** The same as a sentence in English, which continues the name of the column. */
  reason: string;
}

export interface ImportResultSheet {
  /** The headers of the columns. */
  header: string[];
  /** The rows with one of the first 100 faults, and those directly above and below them. */
  rows: ImportResultSheetRows[];
}

export interface ImportResultSheetRows {
  /** The number of the row in the file, as spreadsheets count. */
  row: number;
  /** The beginning of what each cell shows. */
  cells: string[];
}

export interface ImportResultPreview {
  /** The number of the row in the file, as spreadsheets count. */
  row: number;
  /** The user id of the person. */
  userId: string;
  /** The name of the person. */
  name: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The extra minutes. Absent: the file has none. */
  extraMinutes?: number | undefined;
  /** The name of the room. Absent: the row names none. */
  room?: string | undefined;
}

export interface ImportResultNewPeople {
  /** The number of the row in the file, as spreadsheets count. */
  row: number;
  /** The user id of the person. */
  userId: string;
  /** The name of the person. */
  name: string;
}

export interface ImportResultWithExtraMinutes {
  /** The number of the row in the file, as spreadsheets count. */
  row: number;
  /** The user id of the person. */
  userId: string;
  /** The name of the person. */
  name: string;
  /** How many minutes after the exam's end the person may continue. 0 for teachers and inspectors. */
  extraMinutes: number;
}

export interface ImportResultSameNames {
  /** The name of the person. */
  name: string;
  /** The first 100 of them. */
  userIds: string[];
  /** The number of people of this name. */
  count: number;
}

/** A person of the exam who is not in the file. */
export interface AbsentPerson {
  /** The user id of the person. */
  userId: string;
  /** The name of the person. */
  name: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The name of their first room. Absent: they have no room yet. */
  room?: string | undefined;
  /** Why an import cannot remove the person. `entered`: they have opened their page, made checks, sent a stream or a message, or raised a hand. `recorded`: there are cheat records, decisions, notes or checks of identity about them. `room_ended`: a room of theirs has ended. `room_creator`: the examinees of a room answer to them. Absent: it can. */
  stays?: "entered" | "recorded" | "room_ended" | "room_creator" | undefined;
}

/** Input of `participant.list`. */
export interface ListParticipantsInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** Only people in this role. Default: `"examinee"`. */
  role?: "teacher" | "inspector" | "examinee" | null | undefined;
}

/** Input of `participant.listUnseated`. */
export interface ListUnseatedInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `100`. */
  pageSize?: number | null | undefined;
  /** The `nextCursor` of the previous page. Absent: the first page. At least 0. */
  cursor?: number | null | undefined;
}

/** Output of `participant.listUnseated`. */
export interface UnseatedPage {
  /** The people, in the order of the import. */
  people: UnseatedPerson[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: number | undefined;
  /** How many people the exam has. On the first page only. */
  totals?: UnseatedPageTotals | undefined;
}

/** A person of an exam who has no room yet. */
export interface UnseatedPerson {
  /** The user id of the person. */
  userId: string;
  /** The name of the person. */
  name: string;
  /** The role that the person will have in their room. */
  role: "teacher" | "inspector" | "examinee";
  /** How many minutes after the exam's end the person may continue. 0 for teachers and inspectors. */
  extraMinutes: number;
}

export interface UnseatedPageTotals {
  /** The number of people of the exam without a room. */
  unseated: number;
  /** The number of examinees in the exam's rooms. */
  seated: number;
}

/** Names a person of an exam. */
export interface ExamPersonRef {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
}

/** Output of `participant.locate`: the places of a person in an exam. */
export interface ExamPerson {
  /** The person, if they have no room yet. */
  unseated?: UnseatedPerson | undefined;
  /** The rooms in which the person is. */
  rooms: ExamPersonRooms[];
}

export interface ExamPersonRooms {
  /** The id of the room. */
  roomId: string;
  /** The name of the room. */
  name: string;
  /** Whether the room is in progress or has ended. */
  status: "in_progress" | "ended";
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
}

/** Input of `participant.move`. */
export interface MoveParticipantInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
  /** The id of the room to which the person goes. It belongs to the same exam. 1 to 128 characters. */
  toRoomId: string;
}

/** Input of `participant.remove`. */
export interface RemoveParticipantInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
  /** Whether to remove a person who has cheat records, and delete those records. For administrators only. Default: `false`. */
  withRecords?: boolean | null | undefined;
}

/** Output of `participant.remove`. */
export interface RemovedParticipant {
  /** The number of cheat records that were deleted. */
  records: number;
}

/** Input of `participant.removeFromExam`. */
export interface RemoveFromExamInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
  /** Whether to remove a person who has cheat records, and delete those records. For administrators only. Default: `false`. */
  withRecords?: boolean | null | undefined;
}

/** Output of `participant.removeFromExam`. */
export interface RemovedFromExam {
  /** The number of rooms that the person left. */
  rooms: number;
  /** The number of cheat records that were deleted. */
  records: number;
}

/** Input of `participant.setDetectors`. */
export interface SetDetectorsInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
  /** Whether the detectors of the candidate's page are off for the person. */
  off: boolean;
}

/** Input of `participant.setExtraMinutes`. */
export interface SetExtraMinutesInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The examinees, each of them once. 1 to 500 elements. */
  participants: SetExtraMinutesInputParticipants[];
}

/** An examinee of the room, and their extra minutes in total. */
export interface SetExtraMinutesInputParticipants {
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
  /** How many minutes after the exam's end the person may continue. 0 to 600. */
  extraMinutes: number;
}

/** Output of `participant.setExtraMinutes`. */
export interface SetExtraMinutesResult {
  /** The number of people whose extra minutes changed. */
  updated: number;
  /** The number of people who were already there as requested. */
  unchanged: number;
}

/** Input of `participant.unseat`. */
export interface UnseatParticipantInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
}

/** Input of `participant.waveThrough`. */
export interface WaveThroughInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
  /** Whether the person may begin without the checks. */
  wavedThrough: boolean;
}

/** Input of `room.create`. */
export interface CreateRoomInput {
  /** The name of the room, on one line, without white space at its ends. 1 to 63 characters. */
  name: string;
  /** The message services that the room uses. Absent: `aliyun_old` if it is configured, otherwise `aliyun_new`. 1 to 16 elements. */
  imServer?: ("aliyun_new" | "aliyun_old" | "rong_cloud")[] | null | undefined;
  /** The exam to which the room belongs. Absent: a new one, which has the name of the room and starts in 30 minutes. 1 to 128 characters. */
  examId?: string | null | undefined;
  /** The people to add, each of them once. At most 500 elements. Default: `[]`. */
  participants?: NewParticipant[] | null | undefined;
}

/** Input of `room.delete`. */
export interface DeleteRoomInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
}

/** Names a room. */
export interface RoomRef {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
}

/** A room, and the cheat config of its exam. */
export interface RoomWithCheatConfig {
  /** The id of the room. */
  id: string;
  /** The name of the room. */
  name: string;
  /** The id of the exam to which the room belongs. */
  examId: string;
  /** Whether the room is in progress or has ended. */
  status: "in_progress" | "ended";
  /** Whether the teacher is speaking to the whole room. */
  audioStatus: "silent" | "speaking";
  /** The id of the room's group in the message services. Equal to the id of the room. */
  imGroupId: string;
  /** The user id of the teacher who created the room. Examinees answer to them. */
  createTeacher: string;
  /** When it was created. */
  createdAt: Date;
  /** When it last changed. Equal to `createdAt` if it never did. */
  updatedAt: Date;
  /** The cheat config of the room's exam. Absent if it has none. */
  cheatConfig?: StoredCheatConfig | undefined;
}

/** Input of `room.joinLinks` and `room.joinCodes`: either a room, or an exam with all of its rooms. */
export interface JoinLinksInput {
  /** The room whose people get links. Absent: `examId` names the exam. 1 to 128 characters. */
  roomId?: string | null | undefined;
  /** The exam whose people get links, in all of its rooms. Absent: `roomId` names the room. 1 to 128 characters. */
  examId?: string | null | undefined;
  /** Only people in this role. Absent: in every role. */
  role?: "teacher" | "inspector" | "examinee" | null | undefined;
  /** The number of links per page. A page with fewer links is the last one. Absent: all links, and the call fails if they are more than 1000. 1 to 1,000. */
  limit?: number | null | undefined;
  /** The last link of the previous page. Absent: the first page. */
  after?: JoinLinksInputAfter | null | undefined;
}

export interface JoinLinksInputAfter {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
}

/** A code with which a person enters their room: by its URL, or by typing it at `/j` of the server. Anyone who has it can act as that person. */
export interface JoinCode {
  /** The user id of the person. */
  userId: string;
  /** The name of the person. */
  name: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The id of the room. */
  roomId: string;
  /** The name of the room. */
  roomName: string;
  /** The address that the code opens, short enough for a QR code that is easy to scan. */
  url: string;
  /** The address of the code of the second page. Absent: the person has none. Examinees of an exam with one camera have none on the candidate's page. */
  pcUrl?: string | undefined;
  /** When the exam ends for this person, including their extra minutes. */
  examEndTime: Date;
  /** When the code stops working. */
  expiresAt: Date;
  /** `XXXX-XXXX-XXXX`: the code of `url`, to be typed. */
  code: string;
  /** The code of `pcUrl`. Absent: there is no `pcUrl`. */
  pcCode?: string | undefined;
}

/** A link by which a person enters their room. The link contains a token, so anyone who has it can act as that person. */
export interface JoinLink {
  /** The user id of the person. */
  userId: string;
  /** The name of the person. */
  name: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The id of the room. */
  roomId: string;
  /** The name of the room. */
  roomName: string;
  /** The page of the watching app, or of an examinee the page of their first camera: that of the device at which they sit, or in the vendor's apps the phone's. */
  url: string;
  /** The page of an examinee's second camera, or in the vendor's apps that for the PC. Absent: the person has none. Examinees of an exam with one camera have none on the candidate's page. */
  pcUrl?: string | undefined;
  /** When the exam ends for this person, including their extra minutes. */
  examEndTime: Date;
  /** The `jti` of the token in the link, by which it can be revoked. */
  tokenId: string;
  /** When that token expires. */
  expiresAt: Date;
}

/** Input of `room.linkOfCode`. */
export interface LinkOfCodeInput {
  /** The join code as it is printed or typed: capital letters, spaces and hyphens do not matter. 1 to 64 characters. */
  code: string;
}

/** Output of `room.linkOfCode`. */
export interface LinkOfCode {
  /** The address of the web app to which the page of the code leads, with a new token. Anyone who has it can act as the person. */
  url: string;
}

/** Input of `room.list`. */
export interface ListRoomsInput {
  /** Only rooms of this exam. Absent: of every exam. 1 to 128 characters. */
  examId?: string | null | undefined;
  /** Only rooms with this status. Absent: all. */
  status?: "in_progress" | "ended" | null | undefined;
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `20`. */
  pageSize?: number | null | undefined;
  /** The last room id of the previous page. Absent: the first page. 1 to 128 characters. */
  cursor?: string | null | undefined;
}

/** Output of `room.list`. */
export interface RoomPage {
  /** The newest rooms first. */
  rooms: Room[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: string | undefined;
}

/** Input of `room.listEvents`. */
export interface ListRoomEventsInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** Only events about this person and about the room as a whole. Absent: about everybody. 1 to 128 characters. */
  userId?: string | null | undefined;
  /** Only events of these types. Absent: of all of them. */
  types?: ("room_deleted" | "room_ended" | "room_reopened" | "audio_status_changed" | "participant_added" | "participant_updated" | "participant_removed" | "participant_entered" | "participant_left" | "devices_changed" | "publish_status_changed" | "attempt_changed" | "identity_checked" | "readiness_changed" | "detectors_changed" | "talk_changed" | "talk_heard")[] | null | undefined;
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `20`. */
  pageSize?: number | null | undefined;
  /** The `nextCursor` of the previous page. Absent: the first page. At least 1. */
  cursor?: number | null | undefined;
}

/** Output of `room.listEvents`. */
export interface RoomEventPage {
  /** The newest events first. A page may have fewer than its size, or none, and others follow: a call looks at a limited part of the log. */
  events: ListedEvent[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: number | undefined;
  /** From when on this page and those before it have all events that were asked for. On the last page: earlier ones are not kept. Absent: nothing is missing. */
  completeSince?: Date | undefined;
}

/** An event about a room that says everything itself: of messages and records, there are lists. */
export type ListedEvent =
  | RoomDeletedEvent
  | RoomEndedEvent
  | RoomReopenedEvent
  | AudioStatusChangedEvent
  | ParticipantAddedEvent
  | ParticipantUpdatedEvent
  | ParticipantRemovedEvent
  | ParticipantEnteredEvent
  | ParticipantLeftEvent
  | DevicesChangedEvent
  | PublishStatusChangedEvent
  | AttemptChangedEvent
  | IdentityCheckedEvent
  | ReadinessChangedEvent
  | DetectorsChangedEvent
  | TalkChangedEvent
  | TalkHeardEvent;

/** The room was deleted. Only subscriptions to the exam receive it. */
export interface RoomDeletedEvent {
  /** The type of the event. */
  type: "room_deleted";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
}

/** The room has ended, and with it all open hands. */
export interface RoomEndedEvent {
  /** The type of the event. */
  type: "room_ended";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
}

/** An administrator reopened a room that had ended. */
export interface RoomReopenedEvent {
  /** The type of the event. */
  type: "room_reopened";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
}

/** The teacher began or stopped to speak to the whole room. */
export interface AudioStatusChangedEvent {
  /** The type of the event. */
  type: "audio_status_changed";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** Whether the teacher is speaking to the whole room. */
  audioStatus: "silent" | "speaking";
}

/** A person was added to the room. */
export interface ParticipantAddedEvent {
  /** The type of the event. */
  type: "participant_added";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The user id of the person. */
  userId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The name of the person. */
  name: string;
  /** How many minutes after the exam's end the person may continue. 0 for teachers and inspectors. */
  extraMinutes: number;
  /** When their main page was disconnected in the room from which they were moved. Absent: it was not connected there, or they were not moved. */
  mainLeftAt?: Date | undefined;
  /** When their page of the PC was disconnected in the room from which they were moved. Absent: it was not connected there, or they were not moved. */
  pcLeftAt?: Date | undefined;
}

/** The name or the extra minutes of a person changed. */
export interface ParticipantUpdatedEvent {
  /** The type of the event. */
  type: "participant_updated";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The user id of the person. */
  userId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The name of the person. */
  name: string;
  /** How many minutes after the exam's end the person may continue. 0 for teachers and inspectors. */
  extraMinutes: number;
}

/** A person was removed from the room, or moved to another one. Their hand is no longer open. */
export interface ParticipantRemovedEvent {
  /** The type of the event. */
  type: "participant_removed";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The user id of the person. */
  userId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
}

/** A person's page connected. */
export interface ParticipantEnteredEvent {
  /** The type of the event. */
  type: "participant_entered";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The user id of the person. */
  userId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The camera and its page: `main` is the first or only one, `pc` the second one: in the vendor's apps the phone's and the PC's, on the candidate's page that of the device at which the person sits and that of another device. */
  camera: "main" | "pc";
}

/** A person's page has been disconnected for longer than the settle time. */
export interface ParticipantLeftEvent {
  /** The type of the event. */
  type: "participant_left";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The user id of the person. */
  userId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The camera and its page: `main` is the first or only one, `pc` the second one: in the vendor's apps the phone's and the PC's, on the candidate's page that of the device at which the person sits and that of another device. */
  camera: "main" | "pc";
}

/** The number of devices that have a page open changed. It starts at one when the page connects. */
export interface DevicesChangedEvent {
  /** The type of the event. */
  type: "devices_changed";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The user id of the person. */
  userId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The camera and its page: `main` is the first or only one, `pc` the second one: in the vendor's apps the phone's and the PC's, on the candidate's page that of the device at which the person sits and that of another device. */
  camera: "main" | "pc";
  /** The number of devices that have the page open, counted as connections that subscribe as this person and camera. More than one may mean that several people use the same link. A device without a subscription is not counted. */
  devices: number;
}

/** A camera began or stopped to send its stream. */
export interface PublishStatusChangedEvent {
  /** The type of the event. */
  type: "publish_status_changed";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The user id of the person. */
  userId: string;
  /** The camera and its page: `main` is the first or only one, `pc` the second one: in the vendor's apps the phone's and the PC's, on the candidate's page that of the device at which the person sits and that of another device. */
  camera: "main" | "pc";
  /** Whether the camera sends its stream: not yet, now, or no longer. */
  status: "idle" | "publishing" | "stopped";
}

/** Staff decided about the attempt of a person, or the person has finished. Their raised hand is resolved if it is over. */
export interface AttemptChangedEvent {
  /** The type of the event. */
  type: "attempt_changed";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The user id of the person. */
  userId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** `running`, `paused`, `finished` (by the person) or `terminated`. For people whose attempt is finished or terminated, the rooms of the exam have ended. */
  status: "running" | "paused" | "finished" | "terminated";
  /** Since when it has this status. Absent: since the beginning. */
  since?: Date | undefined;
  /** Whether the time of the current pause is given back. */
  givesBack: boolean;
  /** The time that was given back, in milliseconds: of earlier pauses, and between an end and its reopening. */
  pausedMs: number;
  /** The minutes that were given, or taken away if negative, because of incidents. */
  extendedMinutes: number;
}

/** Staff said whether a person is who they should be. */
export interface IdentityCheckedEvent {
  /** The type of the event. */
  type: "identity_checked";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The user id of the person. */
  userId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** What staff say of a person's identity. `later`: it is still to be checked. */
  status: "confirmed" | "refused" | "later";
  /** When staff said so last. */
  since: Date;
}

/** A check of a person before the exam has another result, staff waved them through, or a new consent text waits for their consent. */
export interface ReadinessChangedEvent {
  /** The type of the event. */
  type: "readiness_changed";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The user id of the person. */
  userId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The newest result of each check. */
  checks: Checks;
  /** Whether staff let the person begin without the checks. */
  wavedThrough: boolean;
  /** When the person reported a changed check last. Absent: they have reported none. */
  since?: Date | undefined;
}

/** Staff switched the detectors of a person's page off, or on again. */
export interface DetectorsChangedEvent {
  /** The type of the event. */
  type: "detectors_changed";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The user id of the person. */
  userId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** Whether the detectors are off for the person. */
  off: boolean;
}

/** A member of staff began or stopped to talk to a person. */
export interface TalkChangedEvent {
  /** The type of the event. */
  type: "talk_changed";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The user id of the person. */
  userId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The user id of the member of staff. */
  by: string;
  /** Whether they talk now. */
  isTalking: boolean;
}

/** A person's page began to play what a member of staff says to them, or stopped. */
export interface TalkHeardEvent {
  /** The type of the event. */
  type: "talk_heard";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The user id of the person. */
  userId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The user id of the member of staff. */
  by: string;
  /** Which talk it is: its `since`. */
  since: Date;
  /** Whether the page plays it now. */
  isHeard: boolean;
}

/** Input of `room.onEvent`. */
export interface OnRoomEventInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The page that subscribes. A person of the room is present on that page while subscribed, and receives the messages for its login. Default: `"main"`. */
  camera?: "main" | "pc" | null | undefined;
  /** The last event that the subscriber received. Absent: only new events. */
  lastEventId?: string | null | undefined;
}

/** Input of `room.rename`. */
export interface RenameRoomInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The name of the room, on one line, without white space at its ends. 1 to 63 characters. */
  name: string;
}

/** Input of `room.revokeLinks`. */
export interface RevokeLinksInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The people whose links are revoked. Absent: everybody in the room except the caller. 1 to 500 elements. */
  userIds?: string[] | null | undefined;
}

/** A person whose links into the room were revoked. */
export interface RevokedSeat {
  /** The user id of the person. */
  userId: string;
  /** How many times the links of this person into the room have been revoked. New tokens for them carry it as the claim `gen`. */
  generation: number;
}

/** Input of `room.setAudioStatus`. */
export interface SetAudioStatusInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** Whether the teacher is speaking to the whole room. */
  audioStatus: "silent" | "speaking";
}

/** Input of `room.setTeacher`. */
export interface SetTeacherInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The user id of a teacher of the exam, in any of its rooms or without one. 1 to 128 characters. */
  userId: string;
}

/** Input of `room.visits`. */
export interface ListVisitsInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The person. If they sit the exam in the room, their visits to all rooms of the exam are returned. 1 to 128 characters. */
  userId: string;
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `20`. */
  pageSize?: number | null | undefined;
  /** `nextCursor` of the previous page. Absent: the first page. At least 1. */
  cursor?: number | null | undefined;
}

/** Output of `room.visits`. */
export interface VisitPage {
  /** The visits that are over, the last one that ended first. Of a person's in a room, at least the newest 500 are kept. */
  visits: Visit[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: number | undefined;
}

/** The time for which a page was connected without a break. Breaks up to the settle time do not count. */
export interface Visit {
  /** The id of the room. */
  roomId: string;
  /** The camera and its page: `main` is the first or only one, `pc` the second one: in the vendor's apps the phone's and the PC's, on the candidate's page that of the device at which the person sits and that of another device. */
  camera: "main" | "pc";
  /** When the page was connected. */
  since: Date;
  /** When the page was disconnected. */
  leftAt: Date;
}

/** Input of `stream.listen`. */
export interface ListenInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
}

/** Output of `stream.listen`: the right to hear who talks to oneself. */
export interface ListenGrant {
  /** Where to send an SDP offer by WHEP. It answers 404 while no one talks to the person. */
  url: string;
  /** Goes with each request to the URL, as `Authorization: Bearer <token>`. It is valid for a minute. */
  token: string;
  /** The `iceServers` of the `RTCPeerConnection`. The embedded media server needs none. */
  iceServers: ListenGrantIceServers[];
  /** When the token expires. Media sessions that have begun by then go on. */
  expiresAt: Date;
}

export interface ListenGrantIceServers {
  /** The addresses of a STUN or TURN server. */
  urls: string[];
}

/** Input of `stream.listEvents`. */
export interface ListStreamEventsInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** Only events of this person's cameras: if they sit the exam in the room, of all rooms of the exam. Absent: of everybody's in the room. 1 to 128 characters. */
  userId?: string | null | undefined;
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `20`. */
  pageSize?: number | null | undefined;
  /** The last event id of the previous page. Absent: the first page. At least 1. */
  cursor?: number | null | undefined;
}

/** Output of `stream.listEvents`. */
export interface StreamEventPage {
  /** In the order of arrival, the newest first. */
  events: StreamEvent[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: number | undefined;
}

/** An event of a camera's stream, as the stream service reported it. Each event is stored once. */
export interface StreamEvent {
  /** The id of the event. It increases with every stored event. */
  id: number;
  /** The id of the room. */
  roomId: string;
  /** The user id of the person. */
  userId: string;
  /** The camera and its page: `main` is the first or only one, `pc` the second one: in the vendor's apps the phone's and the PC's, on the candidate's page that of the device at which the person sits and that of another device. */
  camera: "main" | "pc";
  /** Whether the camera started to publish, or stopped. */
  action: "publish" | "publish_done";
  /** The time of the event by the stream service's clock, in whole seconds. Events may arrive late and out of order. */
  eventTime: Date;
  /** The IP address that published the stream. `""` if it was not reported. */
  ip: string;
  /** The node of the stream service that received the stream. `""` if it was not reported. */
  node: string;
  /** The width of the picture in pixels, which only the first report of a stream includes. */
  width?: number | undefined;
  /** The height of the picture in pixels, which only the first report of a stream includes. */
  height?: number | undefined;
  /** When the server received the event. */
  createdAt: Date;
}

/** Input of `stream.listTalks`. */
export interface ListTalksInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** Only talks with this person: if they sit the exam in the room, in all rooms of the exam. Absent: with everybody in the room. 1 to 128 characters. */
  userId?: string | null | undefined;
  /** The number of rows per page. 0 means the default. 0 to 100. Default: `20`. */
  pageSize?: number | null | undefined;
  /** The `nextCursor` of the previous page. Absent: the first page. At least 1. */
  cursor?: number | null | undefined;
}

/** Output of `stream.listTalks`. */
export interface TalkPage {
  /** The newest talks first. */
  talks: TalkPageTalks[];
  /** Send it as `cursor` to get the next page. Absent on the last page. */
  nextCursor?: number | undefined;
}

/** A talk. */
export interface TalkPageTalks {
  /** The id of the talk. It increases with every talk. */
  id: number;
  /** The id of the room. */
  roomId: string;
  /** The user id of the person. */
  userId: string;
  /** The user id of the member of staff who talked. */
  by: string;
  /** When it began. */
  startedAt: Date;
  /** When it first played on the examinee's page. Absent: the page did not report that it played. */
  heardAt?: Date | undefined;
  /** When it ended. Absent: it goes on. */
  endedAt?: Date | undefined;
}

/** Input of `stream.publish`. */
export interface PublishStreamInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The camera to publish. Absent: `main`. Default: `"main"`. */
  camera?: "main" | "pc" | null | undefined;
  /** Whether the stream only tests the connection: no caller can watch it, and its status is not recorded. Absent: `false`. Default: `false`. */
  isTest?: boolean | null | undefined;
}

/** Output of `stream.publish`: the right to publish one's own camera. */
export interface PublishGrant {
  /** Where to send an SDP offer by WHIP (RFC 9725). */
  url: string;
  /** Goes with each request to the URL, as `Authorization: Bearer <token>`. It is valid for a minute. */
  token: string;
  /** The `iceServers` of the `RTCPeerConnection`. The embedded media server needs none. */
  iceServers: PublishGrantIceServers[];
  /** When the token expires. Media sessions that have begun by then go on. */
  expiresAt: Date;
}

export interface PublishGrantIceServers {
  /** The addresses of a STUN or TURN server. */
  urls: string[];
}

/** Input of `stream.report`: an event with the field names of the stream service. */
export interface ReportStreamInput {
  /** The time of the signature, in seconds since 1970, at most five minutes off. */
  timestamp: string;
  /** The MD5 of `<push domain>|<timestamp>|<callback key>`, in hexadecimal. */
  signature: string;
  /** Whether the camera started to publish, or stopped. */
  action: "publish" | "publish_done";
  /** The name of the stream. 1 to 256 characters. */
  id: string;
  /** The push domain. 1 to 253 characters. */
  app: string;
  /** The first segment of the stream's path. 1 to 256 characters. */
  appname: string;
  /** The time of the event, in seconds since 1970. 0 to 253,402,214,400. */
  time: number;
  /** The IP address that published the stream. 1 to 256 characters. Default: `""`. */
  ip?: string | null | undefined;
  /** The node of the stream service that received the stream. 1 to 256 characters. Default: `""`. */
  node?: string | null | undefined;
  /** The width of the picture in pixels, which only the first report of a stream includes. 0 to 65,535. */
  width?: number | null | undefined;
  /** The height of the picture in pixels, which only the first report of a stream includes. 0 to 65,535. */
  height?: number | null | undefined;
}

/** Input of `stream.reportHeard`. */
export interface ReportHeardInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** Which talk it is: its `since`. */
  since: Date;
  /** Whether the page plays it: the time of its audio element moves, and its track is not muted. */
  isHeard: boolean;
}

/** Input of `stream.talk`: an examinee of the room. */
export interface TalkInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The user id of the person. 1 to 128 characters. */
  userId: string;
}

/** Input of `stream.watch`. */
export interface WatchStreamsInput {
  /** The id of the room. 1 to 128 characters. */
  roomId: string;
  /** The examinees to watch. */
  userIds: string[];
}

/** Output of `stream.watch`: the right to watch people's cameras. */
export interface WatchGrants {
  /** Both cameras of each examinee, in the order of the input. */
  streams: WatchGrantsStreams[];
  /** The `iceServers` of the `RTCPeerConnection`. The embedded media server needs none. */
  iceServers: WatchGrantsIceServers[];
  /** When the token expires. Media sessions that have begun by then go on. */
  expiresAt: Date;
}

export interface WatchGrantsStreams {
  /** The user id of the person. */
  userId: string;
  /** The camera and its page: `main` is the first or only one, `pc` the second one: in the vendor's apps the phone's and the PC's, on the candidate's page that of the device at which the person sits and that of another device. */
  camera: "main" | "pc";
  /** Where to send an SDP offer by WHEP. It answers 404 while the camera does not publish. */
  url: string;
  /** Goes with each request to the URL, as `Authorization: Bearer <token>`. It is valid for a minute. */
  token: string;
  /** Whether the media server receives the camera now. */
  isPublished: boolean;
}

export interface WatchGrantsIceServers {
  /** The addresses of a STUN or TURN server. */
  urls: string[];
}

/** Input of `upload.getCredentials`. */
export interface GetUploadCredentialsInput {
  /** The id of the exam. 1 to 128 characters. */
  examId: string;
  /** Where recordings are uploaded to: object storage (`OSS`) or video on demand (`VOD`). Default: `"OSS"`. */
  mode?: "OSS" | "VOD" | null | undefined;
}

/** Output of `upload.getCredentials`: temporary credentials for uploading recordings. */
export interface UploadCredentials {
  /** The region of the bucket, in the form that the uploader expects, e.g. `oss-cn-hangzhou`. */
  region: string;
  /** The id of the temporary access key. */
  accessKeyId: string;
  /** The secret of the temporary access key. */
  accessKeySecret: string;
  /** The security token that goes with the access key. */
  stsToken: string;
  /** The name of the bucket. */
  bucket: string;
  /** When the credentials expire. */
  expiration: Date;
}

/** An event that subscribers of a room receive. */
export type RoomEvent =
  | RoomCreatedEvent
  | RoomChangedEvent
  | RoomDeletedEvent
  | RoomEndedEvent
  | RoomReopenedEvent
  | AudioStatusChangedEvent
  | ParticipantAddedEvent
  | ParticipantUpdatedEvent
  | ParticipantRemovedEvent
  | ParticipantEnteredEvent
  | ParticipantLeftEvent
  | DevicesChangedEvent
  | PublishStatusChangedEvent
  | AttemptChangedEvent
  | IdentityCheckedEvent
  | ReadinessChangedEvent
  | DetectorsChangedEvent
  | TalkChangedEvent
  | TalkHeardEvent
  | EntriesAddedEvent
  | ExamChangedEvent
  | HandChangedEvent
  | RosterChangedEvent
  | CheatConfigChangedEvent
  | CheatRecordsAddedEvent
  | MessageEvent
  | RoomGap;

/** A room was created in the exam. Only subscriptions to the exam receive it. */
export interface RoomCreatedEvent {
  /** The type of the event. */
  type: "room_created";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** A group of people in one exam who are watched together. */
  room: Room;
}

/** The room has another name or another `createTeacher`. */
export interface RoomChangedEvent {
  /** The type of the event. */
  type: "room_changed";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** A group of people in one exam who are watched together. */
  room: Room;
}

/** Staff decided or noted something about people of the room or about the room. */
export interface EntriesAddedEvent {
  /** The type of the event. */
  type: "entries_added";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The entries, without those that were deleted after this event. */
  entries: ExamEntry[];
}

/** The name, the times or a setting of the exam changed. */
export interface ExamChangedEvent {
  /** The type of the event. */
  type: "exam_changed";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The name of the exam. */
  name: string;
  /** When the exam begins. */
  startTime: Date;
  /** When the exam ends, without the minutes of single people. */
  endTime: Date;
}

/** A person raised their hand, or it was answered. */
export interface HandChangedEvent {
  /** The type of the event. */
  type: "hand_changed";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The user id of the person. */
  userId: string;
  /** The role of the person in the room. */
  role: "teacher" | "inspector" | "examinee";
  /** The hand as it is now, even if it changed again after this event. For an examinee, it says neither who has taken it nor what staff noted. */
  hand: Hand;
}

/** Many people of the exam changed at once, or people without a room did: an import, a plan, a removal, an erasure or a new consent text. Read the people again with `exam.people`. */
export interface RosterChangedEvent {
  /** The type of the event. */
  type: "roster_changed";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
}

/** The cheat config of the exam changed. */
export interface CheatConfigChangedEvent {
  /** The type of the event. */
  type: "cheat_config_changed";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The newest config of the exam, even if it changed again after this event. */
  cheatConfig: StoredCheatConfig;
}

/** Cheat records were added. */
export interface CheatRecordsAddedEvent {
  /** The type of the event. */
  type: "cheat_records_added";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The records, without those that were deleted after this event. */
  records: CheatRecord[];
}

/** A message was sent that the subscriber may read. */
export interface MessageEvent {
  /** The type of the event. */
  type: "message";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** A message as it is delivered. */
  message: Message;
}

/** Replaces events that are no longer available, because there were too many or they are too old. */
export interface RoomGap {
  /** The type of the event. */
  type: "gap";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the room. */
  roomId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The current state. */
  snapshot: RoomSnapshot;
}

/** An event that subscribers of an exam receive. The events of all rooms are in one order. */
export type ExamEvent =
  | RoomCreatedEvent
  | RoomChangedEvent
  | RoomDeletedEvent
  | RoomEndedEvent
  | RoomReopenedEvent
  | AudioStatusChangedEvent
  | ParticipantAddedEvent
  | ParticipantUpdatedEvent
  | ParticipantRemovedEvent
  | ParticipantEnteredEvent
  | ParticipantLeftEvent
  | DevicesChangedEvent
  | PublishStatusChangedEvent
  | AttemptChangedEvent
  | IdentityCheckedEvent
  | ReadinessChangedEvent
  | DetectorsChangedEvent
  | TalkChangedEvent
  | TalkHeardEvent
  | EntriesAddedEvent
  | ExamChangedEvent
  | HandChangedEvent
  | RosterChangedEvent
  | CheatConfigChangedEvent
  | CheatRecordsAddedEvent
  | MessageEvent
  | ExamGap;

/** Replaces events that are no longer available, because there were too many or they are too old. */
export interface ExamGap {
  /** The type of the event. */
  type: "gap";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the exam. */
  examId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The current state. */
  snapshot: ExamSnapshot;
}

/** An event that subscribers to the people of an exam receive: those that change people or rooms, in one order. */
export type PeopleEvent =
  | RoomCreatedEvent
  | RoomChangedEvent
  | RoomDeletedEvent
  | RoomEndedEvent
  | RoomReopenedEvent
  | AudioStatusChangedEvent
  | ParticipantAddedEvent
  | ParticipantUpdatedEvent
  | ParticipantRemovedEvent
  | ParticipantEnteredEvent
  | ParticipantLeftEvent
  | DevicesChangedEvent
  | PublishStatusChangedEvent
  | AttemptChangedEvent
  | IdentityCheckedEvent
  | ReadinessChangedEvent
  | DetectorsChangedEvent
  | HandChangedEvent
  | RosterChangedEvent
  | DetectionsCounted
  | PeopleGap;

/** How many cheat records there are about people, at most once a second. It is no event of the log: its id is that of the last event before it. */
export interface DetectionsCounted {
  /** The type of the event. */
  type: "detections_counted";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the exam. */
  examId: string;
  /** When it happened, by the server's clock. */
  time: Date;
  /** The people whose number of records may have changed. */
  people: DetectionsCountedPeople[];
}

/** How many cheat records there are about a person in a room. */
export interface DetectionsCountedPeople {
  /** The id of the room. */
  roomId: string;
  /** The user id of the person. */
  userId: string;
  /** The number of cheat records about the person in the room. */
  detections: number;
  /** When the server received the newest of these records. Absent: there is none, or it is not known. */
  lastDetectionTime?: Date | undefined;
}

/** Replaces events that are no longer available, because there were too many or they are too old. Read the people again with `exam.people`. */
export interface PeopleGap {
  /** The type of the event. */
  type: "gap";
  /** The id of an event: a whole number as text. Ids increase within a room and within an exam. */
  id: string;
  /** The id of the exam. */
  examId: string;
  /** When it happened, by the server's clock. */
  time: Date;
}

/** The usual content of a cheat config: the detections that run on each camera. The app decides about absent ones. */
export interface CheatConfig {
  /** The detections that run on the PC. The app decides about absent ones. */
  pc?: CheatConfigPc | undefined;
  /** The detections that run on the phone. The app decides about absent ones. */
  mobile?: CheatConfigMobile | undefined;
}

/** The detections that run on the PC. The app decides about absent ones. */
export interface CheatConfigPc {
  /** Whether to detect that the person leaves the picture. */
  scenePersonExit?: boolean | undefined;
  /** Whether to detect several people. */
  manyPeople?: boolean | undefined;
  /** Whether to detect that the person stands up. */
  actionPoseStandup?: boolean | undefined;
  /** Whether to detect that the person raises a hand. */
  actionPoseHandup?: boolean | undefined;
  /** Whether to detect that the head moves up or down. */
  actionHeadUpDown?: boolean | undefined;
  /** Whether to detect that the head is shaken. */
  headShaking?: boolean | undefined;
  /** Whether to detect phones, earphones and watches. */
  objectDetect?: boolean | undefined;
  /** Whether to detect speech. */
  actionPersonSpeech?: boolean | undefined;
}

/** The detections that run on the phone. The app decides about absent ones. */
export interface CheatConfigMobile {
  /** Whether to detect that the person leaves the picture. */
  scenePersonExit?: boolean | undefined;
  /** Whether to detect several people. */
  manyPeople?: boolean | undefined;
  /** Whether to detect that the person stands up. */
  actionPoseStandup?: boolean | undefined;
  /** Whether to detect that the person raises a hand. */
  actionPoseHandup?: boolean | undefined;
  /** Whether to detect that the head moves up or down. */
  actionHeadUpDown?: boolean | undefined;
  /** Whether to detect that the head is shaken. */
  headShaking?: boolean | undefined;
  /** Whether to detect phones, earphones and watches. */
  objectDetect?: boolean | undefined;
  /** Whether to detect speech. */
  actionPersonSpeech?: boolean | undefined;
}

/** The procedures, by noun and verb. */
export type Procedures = {
  account: {
    /**
     * Creates an account.
     *
     * For administrators. Not with a token that is bound to a room or an exam.
     */
    create: TRPCMutationProcedure<{ input: CreateAccountInput; output: Account; meta: unknown }>;
    /**
     * Disables an account, and ends its sessions.
     *
     * For administrators. Not with a token that is bound to a room or an exam.
     */
    disable: TRPCMutationProcedure<{ input: AccountRef; output: Account; meta: unknown }>;
    /**
     * Enables a disabled account.
     *
     * For administrators. Not with a token that is bound to a room or an exam.
     */
    enable: TRPCMutationProcedure<{ input: AccountRef; output: Account; meta: unknown }>;
    /**
     * Ends a session: its tokens get 401 from then on.
     *
     * For administrators, teachers and inspectors. Teachers and inspectors: their own sessions, with the token of a login.
     */
    endSession: TRPCMutationProcedure<{ input: SessionRef; output: EndedSession; meta: unknown }>;
    /**
     * Returns the accounts.
     *
     * For administrators. Not with a token that is bound to a room or an exam.
     */
    list: TRPCQueryProcedure<{ input: ListAccountsInput; output: AccountPage; meta: unknown }>;
    /**
     * Returns who is signed in.
     *
     * For administrators, teachers and inspectors. Teachers and inspectors: their own sessions.
     */
    listSessions: TRPCQueryProcedure<{ input: ListSessionsInput; output: SessionPage; meta: unknown }>;
    /**
     * Sets the password of an account.
     *
     * For administrators. Not with a token that is bound to a room or an exam.
     */
    setPassword: TRPCMutationProcedure<{ input: SetPasswordInput; output: Account; meta: unknown }>;
  };
  attempt: {
    /**
     * Says that the caller agrees to be watched. They agree to the newest consent text of the exam.
     *
     * For examinees.
     */
    consent: TRPCMutationProcedure<{ input: GiveConsentInput; output: GivenConsent; meta: unknown }>;
    /**
     * Gives minutes to the attempts of examinees of a room, or takes some away.
     *
     * For administrators and teachers. Teachers: their own rooms and all rooms of exams that they created. If an exam is controlled by its creator, only its creator.
     */
    extend: TRPCMutationProcedure<{ input: ExtendAttemptsInput; output: Decided; meta: unknown }>;
    /**
     * Ends the caller's own attempt, once the exam has begun. Staff can reopen it.
     *
     * For examinees.
     */
    finish: TRPCMutationProcedure<{ input: FinishAttemptInput; output: FinishedAttempt; meta: unknown }>;
    /**
     * Returns what the candidate's page begins with, before, during and after the exam. A person who was moved from the room gets what the page begins with in their new one.
     *
     * For examinees.
     */
    open: TRPCMutationProcedure<{ input: OpenAttemptInput; output: Sitting; meta: unknown }>;
    /**
     * Pauses the attempts of examinees of a room.
     *
     * For administrators and teachers. Teachers: their own rooms, and all rooms of an exam that they created.
     */
    pause: TRPCMutationProcedure<{ input: PauseAttemptsInput; output: Decided; meta: unknown }>;
    /**
     * Reopens attempts that were finished or terminated, and gives back the time since then.
     *
     * For administrators and teachers. Teachers: their own rooms and all rooms of exams that they created. If an exam is controlled by its creator, only its creator.
     */
    reopen: TRPCMutationProcedure<{ input: ResumeAttemptsInput; output: Decided; meta: unknown }>;
    /**
     * Reports what the checks of the caller's page before the exam have found. A changed check is accepted every three seconds.
     *
     * For examinees.
     */
    reportReadiness: TRPCMutationProcedure<{ input: ReportReadinessInput; output: Readiness; meta: unknown }>;
    /**
     * Resumes attempts that are paused.
     *
     * For administrators and teachers. Teachers: their own rooms, and all rooms of an exam that they created.
     */
    resume: TRPCMutationProcedure<{ input: ResumeAttemptsInput; output: Decided; meta: unknown }>;
    /**
     * Ends the attempts of examinees of a room: the room has ended for them.
     *
     * For administrators and teachers. Teachers: their own rooms and all rooms of exams that they created. If an exam is controlled by its creator, only its creator.
     */
    terminate: TRPCMutationProcedure<{ input: TerminateAttemptsInput; output: Decided; meta: unknown }>;
  };
  audio: {
    /**
     * Attaches a clip to an exam.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    attach: TRPCMutationProcedure<{ input: AttachAudioInput; output: AttachedAudio; meta: unknown }>;
    /**
     * Adds a clip to the audio library. Another server hosts its file.
     *
     * For administrators and teachers. A default clip: administrators only.
     */
    create: TRPCMutationProcedure<{ input: CreateAudioInput; output: AudioClip; meta: unknown }>;
    /**
     * Deletes a clip of the audio library.
     *
     * For administrators and teachers. Teachers: clips that they added and that are not default clips.
     */
    delete: TRPCMutationProcedure<{ input: ClipRef; output: true; meta: unknown }>;
    /**
     * Removes a clip from an exam.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    detach: TRPCMutationProcedure<{ input: DetachAudioInput; output: true; meta: unknown }>;
    /**
     * Searches the audio library.
     *
     * For administrators, teachers and inspectors.
     */
    list: TRPCQueryProcedure<{ input: ListAudioInput; output: AudioPage; meta: unknown }>;
    /**
     * Changes a clip of the audio library.
     *
     * For administrators and teachers. Teachers: clips that they added and that are not default clips.
     */
    update: TRPCMutationProcedure<{ input: UpdateAudioInput; output: AudioClip; meta: unknown }>;
  };
  audit: {
    /**
     * Returns who changed or read what and who was refused, the newest first.
     *
     * For administrators. Not with a token that is bound to a room or an exam.
     */
    list: TRPCQueryProcedure<{ input: ListAuditInput; output: AuditPage; meta: unknown }>;
  };
  auth: {
    /**
     * Changes the password of the caller.
     *
     * For administrators, teachers, inspectors and examinees. Only with the token of a login.
     */
    changePassword: TRPCMutationProcedure<{ input: ChangePasswordInput; output: true; meta: unknown }>;
    /**
     * Issues a token for a person or a program.
     *
     * For administrators and teachers. Teachers: for the people of their rooms.
     */
    issueToken: TRPCMutationProcedure<{ input: IssueTokenInput; output: IssuedToken; meta: unknown }>;
    /**
     * Exchanges a user id and a password for a token.
     *
     * For everybody: it takes no token.
     */
    login: TRPCMutationProcedure<{ input: LoginInput; output: Session; meta: unknown }>;
    /**
     * Signs in as the administrator of the demo without a password, for pages and programs of the server's own machine.
     *
     * For everybody: it takes no token.
     */
    loginToDemo: TRPCMutationProcedure<{ input: void; output: Session; meta: unknown }>;
    /**
     * Ends the login session of the token.
     *
     * For administrators, teachers, inspectors and examinees.
     */
    logout: TRPCMutationProcedure<{ input: void; output: true; meta: unknown }>;
    /**
     * Exchanges the token of a login session for a newer one.
     *
     * For administrators, teachers, inspectors and examinees. Only with the token of a login.
     */
    refresh: TRPCMutationProcedure<{ input: void; output: Session; meta: unknown }>;
    /**
     * Revokes a token, which gets 401 from then on.
     *
     * For administrators. Not with a token that is bound to a room or an exam.
     */
    revokeToken: TRPCMutationProcedure<{ input: RevokeTokenInput; output: true; meta: unknown }>;
    /**
     * Returns who the caller is, as their token says.
     *
     * For administrators, teachers, inspectors and examinees.
     */
    whoami: TRPCQueryProcedure<{ input: void; output: Caller; meta: unknown }>;
  };
  cheat: {
    /**
     * Stores what the detectors saw.
     *
     * For administrators, teachers and examinees. Teachers: in their own rooms. Examinees: about themselves.
     */
    addRecords: TRPCMutationProcedure<{ input: AddCheatRecordsInput; output: true; meta: unknown }>;
    /**
     * Returns the settings of the detectors of an exam.
     *
     * For administrators, teachers, inspectors and examinees. All but administrators: in their own rooms and exams.
     */
    getConfig: TRPCQueryProcedure<{ input: ExamRef; output: StoredCheatConfig; meta: unknown }>;
    /**
     * Returns the cheat records of a room or an exam, the newest first.
     *
     * For administrators, teachers and inspectors. Teachers and inspectors: in their own rooms. Of a whole exam, they get the records of their rooms.
     */
    listRecords: TRPCQueryProcedure<{ input: ListCheatRecordsInput; output: CheatRecordPage; meta: unknown }>;
    /**
     * Stores the settings of the detectors of an exam.
     *
     * For administrators and teachers. Teachers: in exams that they may use. Not with a token that is bound to one room, because the config applies to the whole exam.
     */
    setConfig: TRPCMutationProcedure<{ input: SetCheatConfigInput; output: true; meta: unknown }>;
  };
  exam: {
    /**
     * Creates cards with which people join their rooms, to be printed or mailed.
     *
     * For administrators and teachers. Teachers: their own rooms, and all rooms of an exam that they created.
     */
    cards: TRPCMutationProcedure<{ input: CardsInput; output: CardPage; meta: unknown }>;
    /**
     * Returns what is missing for an exam.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    check: TRPCQueryProcedure<{ input: ExamRef; output: ExamCheck; meta: unknown }>;
    /**
     * Returns what the people of an exam agree to before it.
     *
     * For administrators, teachers, inspectors and examinees. All but administrators: in their own rooms and exams.
     */
    consent: TRPCQueryProcedure<{ input: ExamRef; output: Consent; meta: unknown }>;
    /**
     * Creates an exam.
     *
     * For administrators and teachers. Not with a token that is bound to a room or an exam.
     */
    create: TRPCMutationProcedure<{ input: CreateExamInput; output: Exam; meta: unknown }>;
    /**
     * Deletes an exam.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    delete: TRPCMutationProcedure<{ input: DeleteExamInput; output: DeletedExam; meta: unknown }>;
    /**
     * Copies an exam, optionally with its rooms and people.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    duplicate: TRPCMutationProcedure<{ input: DuplicateExamInput; output: DuplicatedExam; meta: unknown }>;
    /**
     * Ends the rooms of an exam.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    end: TRPCMutationProcedure<{ input: ExamRef; output: EndedExam; meta: unknown }>;
    /**
     * Returns what was decided about the people of an exam, and what staff noted.
     *
     * For administrators, teachers, inspectors and examinees. Teachers and inspectors: entries of their rooms. Teachers: all of the exams that they created. Examinees: decisions about themselves.
     */
    entries: TRPCQueryProcedure<{ input: ExamEntriesInput; output: ExamEntryPage; meta: unknown }>;
    /**
     * Erases a deleted exam at once.
     *
     * For administrators.
     */
    erase: TRPCMutationProcedure<{ input: EraseExamInput; output: true; meta: unknown }>;
    /**
     * Returns an exam and the audio that it plays.
     *
     * For administrators, teachers, inspectors and examinees. All but administrators: in their own rooms and exams.
     */
    get: TRPCQueryProcedure<{ input: ExamRef; output: Exam; meta: unknown }>;
    /**
     * Returns the exams that the caller may see.
     *
     * For administrators, teachers and inspectors. Teachers and inspectors: the exams that they may use.
     */
    list: TRPCQueryProcedure<{ input: ListExamsInput; output: ExamPage; meta: unknown }>;
    /**
     * Returns the deleted exams that can be restored.
     *
     * For administrators. Not with a token that is bound to a room or an exam.
     */
    listDeleted: TRPCQueryProcedure<{ input: ListDeletedExamsInput; output: RestorableExamPage; meta: unknown }>;
    /**
     * Keeps what staff noted about a person, a room or the exam, for the next invigilator and for a review. Examinees never see it.
     *
     * For administrators, teachers and inspectors. Teachers and inspectors: about their rooms and the people in them. Teachers: about all of the exams that they created.
     */
    note: TRPCMutationProcedure<{ input: ExamNoteInput; output: ExamEntry; meta: unknown }>;
    /**
     * Delivers the events of all rooms of an exam as they happen.
     *
     * For administrators and inspectors. All but administrators: in their own rooms and exams.
     */
    onEvent: TRPCSubscriptionProcedure<{ input: OnExamEventInput; output: AsyncIterable<Tracked<ExamEvent>, void, undefined>; meta: unknown }>;
    /**
     * Delivers changes of the people and rooms of an exam as they happen.
     *
     * For administrators, teachers and inspectors. Teachers and inspectors: the people of their rooms. Teachers: everybody in the exams that they created.
     */
    onPeople: TRPCSubscriptionProcedure<{ input: OnPeopleEventInput; output: AsyncIterable<Tracked<PeopleEvent>, void, undefined>; meta: unknown }>;
    /**
     * Returns the people of an exam, with and without a room, as they are now.
     *
     * For administrators, teachers and inspectors. Teachers and inspectors: the people of their rooms. Teachers: everybody in the exams that they created.
     */
    people: TRPCQueryProcedure<{ input: ExamPeopleInput; output: RosterPage; meta: unknown }>;
    /**
     * Assigns rooms to the people of an exam who have none.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    plan: TRPCMutationProcedure<{ input: PlanExamInput; output: ExamPlan; meta: unknown }>;
    /**
     * Returns the plans of an exam.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    plans: TRPCQueryProcedure<{ input: ExamRef; output: ExamPlansOutput[]; meta: unknown }>;
    /**
     * Restores a deleted exam.
     *
     * For administrators.
     */
    restore: TRPCMutationProcedure<{ input: ExamRef; output: RestoredExam; meta: unknown }>;
    /**
     * Returns how many were present, published and were detected in each room of an exam, for each minute of the last hour.
     *
     * For administrators, teachers and inspectors. Teachers and inspectors: their rooms. Teachers: all rooms of the exams that they created.
     */
    roomSeries: TRPCQueryProcedure<{ input: RoomSeriesInput; output: RoomSeriesPage; meta: unknown }>;
    /**
     * Returns how many were present, published and were detected in each minute of the last day.
     *
     * For administrators, teachers and inspectors. Teachers and inspectors: their rooms. Teachers: all rooms of the exams that they created.
     */
    series: TRPCQueryProcedure<{ input: ExamSeriesInput; output: ExamSeries; meta: unknown }>;
    /**
     * Writes a new version of the text that the people of an exam agree to. The same text writes nothing.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    setConsent: TRPCMutationProcedure<{ input: SetConsentInput; output: Consent; meta: unknown }>;
    /**
     * Returns the rooms of an exam, and the position from which to subscribe.
     *
     * For administrators and inspectors. All but administrators: in their own rooms and exams.
     */
    snapshot: TRPCQueryProcedure<{ input: ExamRef; output: ExamSnapshot; meta: unknown }>;
    /**
     * Unseats the people whom a plan seated, and deletes the rooms that it created, as long as no person has entered them.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    undoPlan: TRPCMutationProcedure<{ input: UndoPlanInput; output: UndonePlan; meta: unknown }>;
    /**
     * Changes an exam.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    update: TRPCMutationProcedure<{ input: UpdateExamInput; output: Exam; meta: unknown }>;
  };
  hand: {
    /**
     * Takes, grants or resolves a raised hand.
     *
     * For administrators, teachers and examinees. Teachers: in their own rooms. Examinees: they may resolve their own hand.
     */
    answer: TRPCMutationProcedure<{ input: AnswerHandInput; output: Hand; meta: unknown }>;
    /**
     * Returns the raised hands of a room or an exam, the oldest first.
     *
     * For administrators, teachers and inspectors. Teachers and inspectors: in their own rooms. Of a whole exam, they get the hands of their rooms.
     */
    list: TRPCQueryProcedure<{ input: ListHandsInput; output: HandPage; meta: unknown }>;
    /**
     * Raises the hand of an examinee. If they have an open hand, returns that.
     *
     * For administrators, teachers and examinees. Teachers: in their own rooms, on behalf of a person. Examinees: their own hand.
     */
    raise: TRPCMutationProcedure<{ input: RaiseHandInput; output: Hand; meta: unknown }>;
  };
  im: {
    /**
     * Returns the credentials with which the page connects to message services.
     *
     * For administrators, teachers, inspectors and examinees. Administrators: for anyone. All others: for `<own id>` and `pc_<own id>`. With the role `admin`: administrators and teachers only.
     */
    getToken: TRPCMutationProcedure<{ input: GetImTokenInput; output: ImTokens; meta: unknown }>;
    /**
     * Returns the messages that the caller's page may read.
     *
     * For administrators, teachers, inspectors and examinees. All but administrators: in their own rooms. Examinees: about themselves.
     */
    history: TRPCQueryProcedure<{ input: ListMessagesInput; output: MessagePage; meta: unknown }>;
    /**
     * Sends a message to a room, or to some of its pages.
     *
     * For administrators, teachers, inspectors and examinees. All but administrators: in their own rooms. Commands: administrators and teachers only. Answers and reports: not inspectors. Examinees write to teachers and inspectors only.
     */
    send: TRPCMutationProcedure<{ input: SendMessageInput; output: SentMessage; meta: unknown }>;
  };
  installation: {
    /**
     * Returns what a page needs before its user signs in.
     *
     * For everybody: it takes no token.
     */
    info: TRPCQueryProcedure<{ input: void; output: InstallationInfo; meta: unknown }>;
    /**
     * Returns the running servers.
     *
     * For administrators. Not with a token that is bound to a room or an exam.
     */
    servers: TRPCQueryProcedure<{ input: void; output: RunningServers; meta: unknown }>;
    /**
     * Returns how much of the installation is in use, and its limits.
     *
     * For administrators. Not with a token that is bound to a room or an exam.
     */
    usage: TRPCQueryProcedure<{ input: void; output: InstallationUsage; meta: unknown }>;
  };
  outbox: {
    /**
     * Returns the dead letters: calls to message services that were given up.
     *
     * For administrators. Not with a token that is bound to a room or an exam.
     */
    list: TRPCQueryProcedure<{ input: ListDeadLettersInput; output: DeadLetterPage; meta: unknown }>;
    /**
     * Tries a call to a message service again that was given up, as if it were new.
     *
     * For administrators. Not with a token that is bound to a room or an exam.
     */
    retry: TRPCMutationProcedure<{ input: DeadLetterRef; output: Retried; meta: unknown }>;
  };
  participant: {
    /**
     * Adds people to a room, or changes their names and extra minutes.
     *
     * For administrators and teachers. Teachers: their own rooms, and all rooms of an exam that they created.
     */
    add: TRPCMutationProcedure<{ input: AddParticipantsInput; output: AddParticipantsResult; meta: unknown }>;
    /**
     * Says whether an examinee of a room is who they should be. The last check counts.
     *
     * For administrators, teachers and inspectors. Teachers and inspectors: in their own rooms.
     */
    checkIdentity: TRPCMutationProcedure<{ input: CheckIdentityInput; output: ExamEntry; meta: unknown }>;
    /**
     * Says what keeps a person from entering: their seats, links, codes and account, and their last refused calls.
     *
     * For administrators, teachers and inspectors. Teachers and inspectors: people of their own rooms, and teachers of the exams that they created. Without an exam: administrators only.
     */
    diagnose: TRPCQueryProcedure<{ input: DiagnoseInput; output: Diagnosis; meta: unknown }>;
    /**
     * Returns a person of a room, with the URLs of their streams.
     *
     * For administrators, teachers, inspectors and examinees. Teachers and inspectors: in their own rooms. Examinees: themselves and the room's `createTeacher`.
     */
    get: TRPCQueryProcedure<{ input: ParticipantRef; output: Participant; meta: unknown }>;
    /**
     * Imports people from a spreadsheet into an exam.
     *
     * For administrators and teachers. Teachers: into an exam that they created, or into one room of theirs.
     */
    import: TRPCMutationProcedure<{ input: ImportParticipantsInput; output: ImportResult; meta: unknown }>;
    /**
     * Returns the people of a room in one role, in the order in which they were added.
     *
     * For administrators, teachers and inspectors. All but administrators: in their own rooms and exams.
     */
    list: TRPCQueryProcedure<{ input: ListParticipantsInput; output: Participant[]; meta: unknown }>;
    /**
     * Returns the people of an exam who have no room yet.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    listUnseated: TRPCQueryProcedure<{ input: ListUnseatedInput; output: UnseatedPage; meta: unknown }>;
    /**
     * Finds a person in an exam.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    locate: TRPCQueryProcedure<{ input: ExamPersonRef; output: ExamPerson; meta: unknown }>;
    /**
     * Moves a person to another room of the exam.
     *
     * For administrators and teachers. Teachers: between their own rooms, and between all rooms of an exam that they created.
     */
    move: TRPCMutationProcedure<{ input: MoveParticipantInput; output: true; meta: unknown }>;
    /**
     * Removes a person from a room.
     *
     * For administrators and teachers. Teachers: from their own rooms, and from all rooms of an exam that they created. With records: administrators only.
     */
    remove: TRPCMutationProcedure<{ input: RemoveParticipantInput; output: RemovedParticipant; meta: unknown }>;
    /**
     * Removes a person from an exam and all of its rooms.
     *
     * For administrators and teachers. Teachers: the exams that they created. With records: administrators only.
     */
    removeFromExam: TRPCMutationProcedure<{ input: RemoveFromExamInput; output: RemovedFromExam; meta: unknown }>;
    /**
     * Switches the detectors of the candidate's page off for an examinee of a room, or on again.
     *
     * For administrators and teachers. All but administrators: in their own rooms and exams.
     */
    setDetectors: TRPCMutationProcedure<{ input: SetDetectorsInput; output: true; meta: unknown }>;
    /**
     * Changes the extra minutes of examinees of a room, all or none. It adds no people to the room.
     *
     * For administrators and teachers. Teachers: their own rooms, and all rooms of an exam that they created.
     */
    setExtraMinutes: TRPCMutationProcedure<{ input: SetExtraMinutesInput; output: SetExtraMinutesResult; meta: unknown }>;
    /**
     * Removes a person from a room that they have not entered, so that the next plan gives them another one.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    unseat: TRPCMutationProcedure<{ input: UnseatParticipantInput; output: true; meta: unknown }>;
    /**
     * Lets an examinee of a room begin without the checks before the exam, or no longer.
     *
     * For administrators and teachers. All but administrators: in their own rooms and exams.
     */
    waveThrough: TRPCMutationProcedure<{ input: WaveThroughInput; output: Readiness; meta: unknown }>;
  };
  room: {
    /**
     * Creates a room, and an exam of the same name unless one is named.
     *
     * For administrators and teachers. In an existing exam: those who may use it.
     */
    create: TRPCMutationProcedure<{ input: CreateRoomInput; output: Room; meta: unknown }>;
    /**
     * Deletes a room that no person has entered, and in which only its `createTeacher` is.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    delete: TRPCMutationProcedure<{ input: DeleteRoomInput; output: true; meta: unknown }>;
    /**
     * Ends a room.
     *
     * For administrators and teachers. All but administrators: in their own rooms and exams.
     */
    end: TRPCMutationProcedure<{ input: RoomRef; output: true; meta: unknown }>;
    /**
     * Returns a room, with the cheat config of its exam.
     *
     * For administrators, teachers, inspectors and examinees. All but administrators: in their own rooms and exams.
     */
    get: TRPCQueryProcedure<{ input: RoomRef; output: RoomWithCheatConfig; meta: unknown }>;
    /**
     * Creates codes with which people join their rooms.
     *
     * For administrators and teachers. Teachers: their own rooms, and all rooms of an exam that they created.
     */
    joinCodes: TRPCMutationProcedure<{ input: JoinLinksInput; output: JoinCode[]; meta: unknown }>;
    /**
     * Creates links with which people join their rooms.
     *
     * For administrators and teachers. Teachers: their own rooms, and all rooms of an exam that they created.
     */
    joinLinks: TRPCMutationProcedure<{ input: JoinLinksInput; output: JoinLink[]; meta: unknown }>;
    /**
     * Exchanges a join code for a link to its room, as the page at `/j` does.
     *
     * For everybody: it takes no token.
     */
    linkOfCode: TRPCMutationProcedure<{ input: LinkOfCodeInput; output: LinkOfCode; meta: unknown }>;
    /**
     * Returns the rooms that the caller may see.
     *
     * For administrators and teachers. Teachers: their own rooms.
     */
    list: TRPCQueryProcedure<{ input: ListRoomsInput; output: RoomPage; meta: unknown }>;
    /**
     * Returns what happened in a room, as far as the event log still has it: who came and went, what cameras did, and changes of the room.
     *
     * For administrators, teachers, inspectors and examinees. All but administrators: in their own rooms and exams.
     */
    listEvents: TRPCQueryProcedure<{ input: ListRoomEventsInput; output: RoomEventPage; meta: unknown }>;
    /**
     * Delivers the events of a room as they happen.
     *
     * For administrators, teachers, inspectors and examinees. All but administrators: in their own rooms and exams.
     */
    onEvent: TRPCSubscriptionProcedure<{ input: OnRoomEventInput; output: AsyncIterable<Tracked<RoomEvent>, void, undefined>; meta: unknown }>;
    /**
     * Returns the connected pages of a room.
     *
     * For administrators, teachers and inspectors. All but administrators: in their own rooms and exams.
     */
    presence: TRPCQueryProcedure<{ input: RoomRef; output: Presence[]; meta: unknown }>;
    /**
     * Gives a room another name.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    rename: TRPCMutationProcedure<{ input: RenameRoomInput; output: Room; meta: unknown }>;
    /**
     * Reopens a room that has ended.
     *
     * For administrators.
     */
    reopen: TRPCMutationProcedure<{ input: RoomRef; output: Room; meta: unknown }>;
    /**
     * Revokes the links, codes and tokens of people for a room.
     *
     * For administrators and teachers. Teachers: their own rooms, and all rooms of an exam that they created.
     */
    revokeLinks: TRPCMutationProcedure<{ input: RevokeLinksInput; output: RevokedSeat[]; meta: unknown }>;
    /**
     * Stores whether the teacher is speaking to the whole room.
     *
     * For administrators and teachers. All but administrators: in their own rooms and exams.
     */
    setAudioStatus: TRPCMutationProcedure<{ input: SetAudioStatusInput; output: true; meta: unknown }>;
    /**
     * Makes a teacher of the exam the `createTeacher` of a room, whom its examinees answer to. The teacher is added to the room if they are not in it.
     *
     * For administrators and teachers. Teachers: the exams that they created.
     */
    setTeacher: TRPCMutationProcedure<{ input: SetTeacherInput; output: Room; meta: unknown }>;
    /**
     * Returns the state of a room, and the position from which to subscribe.
     *
     * For administrators, teachers, inspectors and examinees. All but administrators: in their own rooms and exams.
     */
    snapshot: TRPCQueryProcedure<{ input: RoomRef; output: RoomSnapshot; meta: unknown }>;
    /**
     * Returns when a person's pages were connected to a room. `room.presence` has the visits that go on.
     *
     * For administrators, teachers and inspectors. All but administrators: in their own rooms and exams.
     */
    visits: TRPCQueryProcedure<{ input: ListVisitsInput; output: VisitPage; meta: unknown }>;
  };
  stream: {
    /**
     * Issues the right to hear who talks to oneself by WebRTC.
     *
     * For examinees.
     */
    listen: TRPCMutationProcedure<{ input: ListenInput; output: ListenGrant; meta: unknown }>;
    /**
     * Returns the stream events of a room, or of a person in it.
     *
     * For administrators, teachers and inspectors. All but administrators: in their own rooms and exams.
     */
    listEvents: TRPCQueryProcedure<{ input: ListStreamEventsInput; output: StreamEventPage; meta: unknown }>;
    /**
     * Returns who talked to examinees of a room, or to one of them.
     *
     * For administrators, teachers and inspectors. All but administrators: in their own rooms and exams.
     */
    listTalks: TRPCQueryProcedure<{ input: ListTalksInput; output: TalkPage; meta: unknown }>;
    /**
     * Issues the right to publish one's own camera by WebRTC.
     *
     * For examinees.
     */
    publish: TRPCMutationProcedure<{ input: PublishStreamInput; output: PublishGrant; meta: unknown }>;
    /**
     * Receives the events of the stream service.
     *
     * For the stream service, which signs its calls.
     */
    report: TRPCMutationProcedure<{ input: ReportStreamInput; output: true; meta: unknown }>;
    /**
     * Reports whether the caller's page plays what a member of staff says to them. A report about a talk that has ended changes nothing.
     *
     * For examinees.
     */
    reportHeard: TRPCMutationProcedure<{ input: ReportHeardInput; output: true; meta: unknown }>;
    /**
     * Issues the right to talk to an examinee by WebRTC. Only the examinee hears it.
     *
     * For administrators and teachers. All but administrators: in their own rooms and exams.
     */
    talk: TRPCMutationProcedure<{ input: TalkInput; output: PublishGrant; meta: unknown }>;
    /**
     * Issues the right to watch the cameras of examinees by WebRTC.
     *
     * For administrators, teachers and inspectors. All but administrators: in their own rooms and exams.
     */
    watch: TRPCMutationProcedure<{ input: WatchStreamsInput; output: WatchGrants; meta: unknown }>;
  };
  upload: {
    /**
     * Returns temporary credentials for uploading recordings.
     *
     * For administrators, teachers, inspectors and examinees. All but administrators: in their own rooms and exams.
     */
    getCredentials: TRPCMutationProcedure<{ input: GetUploadCredentialsInput; output: UploadCredentials; meta: unknown }>;
  };
};
