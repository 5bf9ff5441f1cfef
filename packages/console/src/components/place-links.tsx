import { useRouter } from "@tanstack/react-router";
import type { ComponentProps } from "react";

// Links for lists of hundreds. A `Link` of the router derives its address from the routes, and hears of each navigation: it takes several times as long to draw.

interface PlaceProps extends Omit<ComponentProps<"a">, "href" | "onClick"> {
  /** Below the console, as `<base>` says where it is. */
  readonly place: string;
}

function PlaceLink({ place, ...anchor }: PlaceProps) {
  const router = useRouter();
  return (
    <a
      {...anchor}
      href={place}
      onClick={(event) => {
        const { button, metaKey, ctrlKey, shiftKey, altKey, currentTarget } = event;
        // The browser handles clicks that open a tab or a window.
        if (button !== 0 || metaKey || ctrlKey || shiftKey || altKey) return;
        event.preventDefault();
        void router.navigate({ href: currentTarget.pathname });
      }}
    />
  );
}

const placeOf = (...parts: readonly string[]) => parts.map(encodeURIComponent).join("/");

/** A link to a candidate. */
export const PersonLink = ({
  examId,
  userId,
  ...anchor
}: Omit<PlaceProps, "place"> & { examId: string; userId: string }) => (
  <PlaceLink {...anchor} place={placeOf("exams", examId, "candidates", userId)} />
);

/** A link to a room. */
export const RoomLink = ({
  examId,
  roomId,
  ...anchor
}: Omit<PlaceProps, "place"> & { examId: string; roomId: string }) => (
  <PlaceLink {...anchor} place={placeOf("exams", examId, "rooms", roomId)} />
);
