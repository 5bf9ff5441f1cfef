import { act, render, screen } from "@testing-library/react";
import { memo } from "react";
import { expect, test } from "vitest";
import { InvigilProvider, useLiveStatus, usePeople, usePerson } from "../src/index.js";
import { ADMIN, EXAMINEES, fixture, TEACHER } from "./world.js";

interface RowProps {
  readonly examId: string;
  readonly id: string;
  readonly onRender: (what: string) => void;
}

const Row = memo(({ examId, id, onRender }: RowProps) => {
  const person = usePerson(examId, id);
  onRender(id);
  return <li>{`${person?.name} ${person?.pages.length}`}</li>;
});

const Counted = memo(({ examId, onRender }: Omit<RowProps, "id">) => {
  const expected = usePeople(examId, ({ state }) => state?.counts.expected);
  onRender("counts");
  return <p>{`${expected} expected`}</p>;
});

const List = memo(({ examId, onRender }: Omit<RowProps, "id">) => {
  const ids = usePeople(examId, ({ state }) => state?.ids);
  onRender("list");
  return (
    <ul>
      {ids?.map((id) => (
        <Row key={id} examId={examId} id={id} onRender={onRender} />
      ))}
    </ul>
  );
});

const Connection = ({ examId }: { examId: string }) => {
  const isHeard = useLiveStatus({ peopleOf: examId }, ({ lastHeardAt }) => lastHeardAt !== undefined);
  const { status, silentSeconds } = useLiveStatus({ peopleOf: examId });
  return <p>{`${status} ${isHeard} ${typeof silentSeconds}`}</p>;
};

test("a change of one person of an exam renders one row, and what counts them", async () => {
  await using at = await fixture();
  const client = await at.client(ADMIN);
  const rendered: string[] = [];
  const { examId } = at.room;
  const onRender = (what: string) => void rendered.push(what);
  render(
    <InvigilProvider client={client}>
      <List examId={examId} onRender={onRender} />
      <Counted examId={examId} onRender={onRender} />
      <Connection examId={examId} />
    </InvigilProvider>,
  );
  await screen.findByText("E3 0");
  await screen.findByText(`${EXAMINEES.length} expected`);
  await screen.findByText("live true number");

  rendered.length = 0;
  await at.teacher.participant.add({
    roomId: at.room.id,
    participants: [{ userId: "e2", name: "Wang Fang", role: "examinee" }],
  });
  await screen.findByText("Wang Fang 0");
  expect(rendered).toEqual(["e2"]);

  rendered.length = 0;
  const entered = (await at.client({ sub: "e1", role: "examinee" })).live.room(at.room.id);
  await screen.findByText("E1 1");
  await screen.findByText("2 expected");
  expect(rendered.toSorted()).toEqual(["counts", "e1"]);
  entered.close();

  rendered.length = 0;
  await at.teacher.participant.add({
    roomId: at.room.id,
    participants: [{ userId: "e4", name: "李伟", role: "examinee" }],
  });
  await screen.findByText("李伟 0");
  expect(new Set(rendered)).toEqual(new Set(["list", "counts", "e4"]));
});

test("a row stays with its person when the live people are opened again", async () => {
  await using at = await fixture();
  const client = await at.client(TEACHER);
  const { examId } = at.room;
  const row = (
    <InvigilProvider client={client}>
      <Row examId={examId} id="e1" onRender={() => undefined} />
    </InvigilProvider>
  );
  // Somebody else's exam.
  const other = await at.admin.exam.create({
    name: "Physics",
    startTime: new Date(Date.now() + 60_000),
    endTime: new Date(Date.now() + 3_600_000),
  });
  const { rerender } = render(row);
  await screen.findByText("E1 0");
  rerender(
    <InvigilProvider client={client}>
      <Row examId={other.id} id="e1" onRender={() => undefined} />
    </InvigilProvider>,
  );
  expect(screen.getByText("undefined undefined")).toBeDefined();
  await act(async () => rerender(row));
  await screen.findByText("E1 0");
});
