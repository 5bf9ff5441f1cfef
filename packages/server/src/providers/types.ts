import type {
  AliyunNewToken,
  AliyunOldToken,
  Camera,
  EngineLogin,
  ImServer,
  StreamSignature,
  StreamUrls,
  UploadCredentials,
  UploadMode,
} from "@invigil/schema";

/** The group of a room, as it is made. */
export interface NewGroup {
  /** Letters, digits and, where the service lets them, `_` and `-`; at most 64. A service that chooses ids itself ignores it. */
  readonly groupId: string;
  readonly name: string;
  /** The room's real teacher. */
  readonly creatorId: string;
  /** Everybody in the room, the creator too. */
  readonly members: readonly string[];
}

/** What the server itself announces. */
export interface Announcement {
  readonly groupId: string;
  /** A number of the schema's `signals`. */
  readonly type: number;
  /** A JSON text. */
  readonly data: string;
  /** Whom it is for; everybody in the group when absent. */
  readonly userIds?: readonly string[] | undefined;
}

/**
 * A message service: makes the group of a room, the tokens that people log in to it with, and sends what the server
 * announces. Every method throws PROVIDER_FAILED when the service fails.
 */
export interface MessageProvider<Token> {
  /** Whether it is this server: what it announces is written with what it tells of, and read from the log of events. */
  readonly builtIn?: true;
  /** Whether the service names groups itself: then a room takes its group's id. */
  readonly choosesGroupIds?: true;
  /** Makes a room's message group. @returns the id that the service knows it by */
  createGroup(group: NewGroup, signal?: AbortSignal): Promise<{ readonly groupId: string }>;
  /** Deletes a group; one that is not there is deleted. Absent where the service cannot. */
  readonly deleteGroup?: (groupId: string) => Promise<void>;
  /** Puts people into a group, or takes them out of it; absent where the service keeps no members. */
  readonly members?: {
    join(groupId: string, userIds: readonly string[]): Promise<void>;
    leave(groupId: string, userIds: readonly string[]): Promise<void>;
  };
  /** Nobody in the group to hear it is no failure. */
  announce(announcement: Announcement): Promise<void>;
  /** `role` "admin" lets the token's holder command the group. */
  issueToken(request: {
    userId: string;
    role: "" | "admin";
    /** The id under which the built-in service keeps what the login stands for: letters and digits, at most 61. */
    loginId?: string;
    deviceId?: string;
    deviceType?: string;
  }): Promise<Token>;
  /**
   * When a login that somebody comes with expires; undefined where `issueToken` did not make it, or it has expired. Absent
   * where people log in elsewhere.
   */
  readonly verify?: (login: EngineLogin) => Date | undefined;
  /** A harmless call that shows whether the service answers, for `invigil doctor`; absent where there is none to make. */
  readonly check?: () => Promise<void>;
}

interface TokenOf {
  aliyun_new: AliyunNewToken;
  aliyun_old: AliyunOldToken;
  rong_cloud: string;
}

/** The message services by their wire names; undefined where one is not configured. */
export type MessageProviders = {
  readonly [Service in ImServer]: MessageProvider<TokenOf[Service]> | undefined;
};

/**
 * Where somebody may put recordings, below the base path: each begins with one of these (`<stream name>/`,
 * `<exam>-<room>-`). The most important come first: a service may take no more than some.
 */
export type UploadPrefixes = readonly [string, ...string[]];

/** Makes short-lived credentials for uploading recordings. */
export interface UploadProvider {
  /** @throws PROVIDER_FAILED */
  credentials(request: {
    /** Whom they are for: kept, and reused until they near their end, for this person. */
    userId: string;
    mode: UploadMode;
    prefixes: UploadPrefixes;
  }): Promise<UploadCredentials>;
  /** Issues credentials that allow nothing, for `invigil doctor`. */
  check(): Promise<void>;
}

/** A person's camera, as streams are named. */
export interface StreamOwner {
  readonly examId: string;
  readonly roomId: string;
  readonly userId: string;
  readonly camera: Camera;
}

/** The URLs of a person's cameras; never without a push URL. */
export type SignedStreams = Readonly<Record<Camera, Readonly<StreamUrls & { pushUrl: string }>>>;

/** Names streams and signs their URLs. */
export interface StreamSigner {
  /**
   * @param options.twin asks the stream service for a second, transcodable copy (examinees' pushes)
   * @returns who makes the URLs of people in the room by their ids. They are valid for the configured lifetime, and for less
   * than a minute more. They may be remembered: nobody may change them
   */
  inRoom(
    room: Pick<StreamOwner, "examId" | "roomId">,
    options: { twin: boolean },
  ): (userId: string) => SignedStreams;
}

/** Knows what the stream service reports by its signature, and which streams are ours. */
export interface StreamCallback {
  /** In small letters. */
  readonly pushDomain: string;
  /** The first segment of our streams' paths. */
  readonly app: string;
  /** What the name of a stream's transcoded copy ends with. */
  readonly transcodeSuffix: string;
  /** `stale`: the service made it, but more than five minutes ago or ahead. */
  judge(signature: StreamSignature): "good" | "wrong" | "stale";
}

export interface Providers {
  readonly messages: MessageProviders;
  readonly uploads: UploadProvider | undefined;
  readonly streams: StreamSigner;
  /** Undefined until a callback key and the stream domains are set. */
  readonly streamCallback: StreamCallback | undefined;
}
