// A limit: JSON.stringify of a path's answer, as often as the time allows.
import { answerParent } from "../lib/ipc.mjs";

let answer;
answerParent(({ text, seconds }) => {
  if (text !== undefined) {
    answer = JSON.parse(text);
    return JSON.stringify(answer);
  }
  const start = performance.now();
  const end = start + seconds * 1000;
  let calls = 0;
  let now = start;
  while (now < end) {
    JSON.stringify(answer);
    calls += 1;
    now = performance.now();
  }
  return { calls, seconds: (now - start) / 1000 };
});
