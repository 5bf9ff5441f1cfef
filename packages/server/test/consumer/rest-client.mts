import type { paths } from "invigil-paths";
import createClient from "openapi-fetch";

// A client of the REST paths, whose types openapi.test.ts makes from the OpenAPI document.

export const callEverything = async (baseUrl: string, token: string, roomId: string) => {
  const client = createClient<paths>({ baseUrl, headers: { authorization: token } });

  const found = await client.GET("/exam/roomInfo", { params: { query: { roomId } } });
  if (!found.data?.success) throw new Error(found.data?.reason ?? found.error?.reason);
  const { name, status }: { name: string; status: number } = found.data.data;
  if (status !== 0) throw new Error("the room has ended");

  const listed = await client.GET("/exam/userList", { params: { query: { roomId } } });
  const people: string[] = listed.data?.success ? listed.data.data.map(({ id }) => id) : [];

  const created = await client.POST("/exam/v2/createRoom", {
    body: { name: "From OpenAPI", imServer: ["aliyun_new"] },
  });
  const room = created.data?.success ? created.data.data : undefined;

  const audio = { body: { id: roomId, audioStatus: "1" as const } };
  await client.POST("/exam/updateRoomAudioStatus", audio);

  const missing = await client.GET("/exam/roomInfo", { params: { query: { roomId: "nope" } } });
  const reasons = missing.data && !missing.data.success ? missing.data.reason : undefined;
  // The vendor's apps read errors from an answer with status 200. A missing token is no such error.
  const refused: "ROOM_NOT_FOUND" | "FORBIDDEN" | "INVALID_INPUT" | "PROVIDER_FAILED" | undefined = reasons;

  const anonymous = createClient<paths>({ baseUrl });
  const { error, response } = await anonymous.GET("/exam/roomInfo", { params: { query: { roomId } } });
  if (error?.reason !== "UNAUTHENTICATED") throw new Error(`it was ${error?.reason}`);

  // @ts-expect-error a room has a name
  await client.POST("/exam/createRoom", { body: {} });
  // @ts-expect-error there is no such path
  await client.GET("/exam/nope");

  return { name, people, created: room?.name, refused, status: response.status };
};
