import type { LivePerson } from "@invigil/client";
import { type ReactNode, useMemo } from "react";
import { useTranslations } from "use-intl";
import { ReadinessText } from "../../components/readiness.js";
import type { Roster } from "../../components/roster.js";
import type { Column } from "../../components/table.js";
import styles from "./candidates.module.css";
import {
  CameraCell,
  DetectionsCell,
  DevicesCell,
  EndsCell,
  LastEventCell,
  Name,
  PageCell,
  PersonCell,
  StateCell,
} from "./cells.js";
import { SORTABLE } from "./search.js";

/** The facts that cells show besides the person. */
interface Around extends Pick<Roster, "stateOf" | "controlOf" | "roomName" | "labelOf"> {
  readonly examId: string;
  readonly redFrom: number;
  /** How many cameras the exam needs. Undefined: no candidate is checked. */
  readonly cameras: "one" | "both" | undefined;
}

const room = ({ roomId }: LivePerson, { roomName }: Around) => roomId !== undefined && roomName(roomId);
const name = (person: LivePerson, { examId, labelOf }: Around) => (
  <Name examId={examId} userId={person.userId} label={labelOf(person)} />
);
const state = (person: LivePerson, { stateOf, controlOf }: Around) => (
  <StateCell person={person} state={stateOf(person)} controlOf={controlOf} />
);
const ends = (person: LivePerson, { stateOf, controlOf }: Around) => (
  <EndsCell person={person} state={stateOf(person)} controlOf={controlOf} />
);
const detections = (person: LivePerson, { redFrom }: Around) => (
  <DetectionsCell person={person} redFrom={redFrom} />
);

const COLUMNS = [
  { id: "need", width: "minmax(210px, 2fr)", draw: state },
  { id: "name", width: "minmax(90px, 1.500fr)", draw: name },
  { id: "id", width: "80px", draw: ({ userId }) => <span title={userId}>{userId}</span> },
  { id: "room", width: "minmax(80px, 1fr)", draw: room },
  {
    id: "readiness",
    width: "minmax(130px, 1.500fr)",
    from: 900,
    draw: ({ readiness }, { cameras = "one" }) => <ReadinessText readiness={readiness} cameras={cameras} />,
  },
  { id: "ends", width: "84px", from: 1000, draw: ends },
  { id: "main", width: "70px", from: 900, draw: (person) => <PageCell person={person} camera="main" /> },
  {
    id: "mainCamera",
    width: "72px",
    from: 760,
    draw: (person, { stateOf }) => <CameraCell person={person} camera="main" state={stateOf(person)} />,
  },
  { id: "pc", width: "70px", from: 1290, draw: (person) => <PageCell person={person} camera="pc" /> },
  {
    id: "pcCamera",
    width: "72px",
    from: 760,
    draw: (person, { stateOf }) => <CameraCell person={person} camera="pc" state={stateOf(person)} />,
  },
  {
    id: "devices",
    width: "52px",
    from: 900,
    align: "end",
    draw: (person) => <DevicesCell person={person} />,
  },
  { id: "detections", width: "72px", align: "end", draw: detections },
  {
    id: "last",
    width: "minmax(140px, 1.400fr)",
    from: 1190,
    draw: (person) => <LastEventCell person={person} />,
  },
] as const satisfies readonly (Omit<Column<string>, "header" | "cell"> & {
  readonly draw: (person: LivePerson, around: Around) => ReactNode;
})[];

/** The columns of the list, and its rows on a phone. A cell is drawn again when its person changes. */
export const useColumns = (
  examId: string,
  { people, stateOf, controlOf, roomName, labelOf }: Roster,
  redFrom: number,
  cameras: "one" | "both" | undefined,
) => {
  const t = useTranslations("candidates.columns");
  return useMemo(() => {
    const around: Around = { examId, stateOf, controlOf, roomName, labelOf, redFrom, cameras };
    const cellOf = (draw: (person: LivePerson) => ReactNode) => (id: string) => (
      <PersonCell people={people} id={id} draw={draw} />
    );
    // The checks take the place of the last event on screens that have no room for both.
    const shown = COLUMNS.filter(({ id }) => id !== "readiness" || cameras !== undefined).map((column) =>
      column.id === "last" && cameras !== undefined ? { ...column, from: 1400 } : column,
    );
    const columns = shown.map(
      ({ draw, ...column }): Column<string> => ({
        ...column,
        header: t(column.id),
        cell: cellOf((person) => draw(person, around)),
        isSortable: SORTABLE.some((sortable) => sortable === column.id),
      }),
    );
    const narrow = cellOf((person) => (
      <>
        <span className={styles.line}>
          {name(person, around)}
          {person.detections > 0 && <span className={styles.end}>{detections(person, around)}</span>}
        </span>
        <span className={`${styles.line} ${styles.second}`}>
          {state(person, around)}
          <span className={styles.end}>{room(person, around)}</span>
        </span>
      </>
    ));
    return { columns, narrow };
  }, [t, examId, people, stateOf, controlOf, roomName, labelOf, redFrom, cameras]);
};
