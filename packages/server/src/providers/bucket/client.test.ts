import { expect, it } from "vitest";
import { objectUrl } from "./client.js";

it("a URL names the bucket in its host or in its path", () => {
  const at = (endpoint: string, addressing: "host" | "path") =>
    objectUrl({ endpoint, bucket: "school", addressing }, "audio/1");
  const aliyun = "https://s3.oss-cn-hangzhou.aliyuncs.com";
  expect(at(aliyun, "host")).toBe("https://school.s3.oss-cn-hangzhou.aliyuncs.com/audio/1");
  expect(at("http://localhost:9000", "host")).toBe("http://school.localhost:9000/audio/1");
  expect(at("http://localhost:9000", "path")).toBe("http://localhost:9000/school/audio/1");
});
