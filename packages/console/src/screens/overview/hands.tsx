import { useTranslations } from "use-intl";
import type { Act } from "../../actions/acts.js";
import { HandMark } from "../../components/hand.js";
import { PersonLink } from "../../components/place-links.js";
import type { Roster } from "../../components/roster.js";
import type { Raised } from "../../live/rooms.js";
import styles from "./overview.module.css";

/** How many hands are listed. The tile above leads to all. */
const MOST = 5;

/** The open hands of an exam, the oldest first. */
export function Hands({
  examId,
  hands,
  roomName,
  labelOf,
  onAct,
}: {
  examId: string;
  hands: readonly Raised[];
  roomName: (roomId: string) => string;
  labelOf: Roster["labelOf"];
  /** Undefined: the role may not act. */
  onAct: ((act: Act) => void) | undefined;
}) {
  const t = useTranslations("overview.hands");
  return (
    <ul className={styles.hands} aria-label={t("label")}>
      {hands.slice(0, MOST).map((person) => (
        <li key={person.id}>
          <PersonLink examId={examId} userId={person.userId} title={labelOf(person)}>
            {labelOf(person)}
          </PersonLink>
          <span className={styles.hint}>{person.roomId !== undefined && roomName(person.roomId)}</span>
          <HandMark
            name={labelOf(person)}
            hand={person.hand}
            onOpen={onAct && (() => onAct({ kind: "hand", person: { ...person, label: labelOf(person) } }))}
          />
        </li>
      ))}
    </ul>
  );
}
