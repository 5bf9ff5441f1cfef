import type {
  AliyunNewToken,
  AliyunOldToken,
  Camera,
  ImServer,
  StreamUrls,
  UploadCredentials,
  UploadMode,
} from "@invigil/schema";

/** A message service: makes the group of a room and the tokens that people log in to it with. */
export interface MessageProvider<Token> {
  /** Makes the room's message group. `groupId`: letters and digits, at most 64. */
  createGroup(group: { groupId: string; name: string; creatorId: string }): Promise<void>;
  /** `role` "admin" lets the token's holder command the group. */
  issueToken(request: {
    userId: string;
    role: "" | "admin";
    deviceId?: string;
    deviceType?: string;
  }): Promise<Token>;
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

/** Makes short-lived credentials for uploading recordings. */
export interface UploadProvider {
  credentials(request: { userId: string; examId: string; mode: UploadMode }): Promise<UploadCredentials>;
}

/** A person's camera, as streams are named. */
export interface StreamOwner {
  readonly examId: string;
  readonly roomId: string;
  readonly userId: string;
  readonly camera: Camera;
}

/** Names streams and signs their URLs. */
export interface StreamSigner {
  /**
   * @param options.twin asks the stream service for a second, transcodable copy (examinees' pushes)
   * @returns URLs that are valid for the configured lifetime; never without a push URL
   */
  urls(owner: StreamOwner, options: { twin: boolean }): StreamUrls & { pushUrl: string };
}

export interface Providers {
  readonly messages: MessageProviders;
  readonly uploads: UploadProvider | undefined;
  readonly streams: StreamSigner;
}
