import type { ReactNode } from "react";

/** The drawings of the console, in a square of 16 that takes the colour of the text. They are never read aloud: a text stands beside each. */
const icon = (drawing: ReactNode) =>
  // biome-ignore lint/correctness/noComponentHookFactories: called once for each drawing, when the page loads.
  function Icon({ size = 16 }: { size?: number }) {
    return (
      <svg
        aria-hidden="true"
        width={size}
        height={size}
        viewBox="0 0 16 16"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      >
        {drawing}
      </svg>
    );
  };

export const ExamsIcon = icon(<path d="M3 2.500h7l3 3v8H3zM5.500 8h5M5.500 10.500h5M10 2.500v3h3" />);
export const OverviewIcon = icon(
  <path d="M2.500 2.500h4.500v4.500h-4.500zM9 2.500h4.500v4.500h-4.500zM2.500 9h4.500v4.500h-4.500zM9 9h4.500v4.500h-4.500z" />,
);
export const PeopleIcon = icon(
  <>
    <circle cx="6" cy="5" r="2.500" />
    <path d="M1.500 13.500c0-2.500 2-4 4.500-4s4.500 1.500 4.500 4M10.500 2.800a2.500 2.500 0 0 1 0 4.400M12 9.800c1.600.6 2.500 1.900 2.500 3.700" />
  </>,
);
export const RecordsIcon = icon(<path d="M3.500 14V2.500M3.500 3h8l-1.500 2.750 1.500 2.750h-8" />);
export const SetupIcon = icon(
  <path d="M2.500 4l1 1 1.750-2M2.500 8.500l1 1 1.750-2M2.500 13l1 1 1.750-2M8 4h5.500M8 8.500h5.500M8 13h5.500" />,
);
export const AdminIcon = icon(
  <path d="M8 1.800l5 1.900v4c0 3-2 5.200-5 6.500-3-1.300-5-3.500-5-6.500v-4z" />,
);
export const SearchIcon = icon(
  <>
    <circle cx="7" cy="7" r="4.200" />
    <path d="M10.200 10.200l3.300 3.300" />
  </>,
);
export const MoreIcon = icon(<path d="M3.500 8h.01M8 8h.01M12.500 8h.01" strokeWidth="2.200" />);
export const UpIcon = icon(<path d="M4.500 9.500L8 6l3.500 3.500" />);
export const DownIcon = icon(<path d="M4.500 6.500L8 10l3.500-3.500" />);
export const PlusIcon = icon(<path d="M8 3v10M3 8h10" />);
export const BackIcon = icon(<path d="M9.500 3.500L5 8l4.500 4.500" />);
export const CheckIcon = icon(<path d="M3 8.500l3.200 3L13 4.500" />);
export const CrossIcon = icon(<path d="M4 4l8 8M12 4l-8 8" />);
export const UserIcon = icon(
  <>
    <circle cx="8" cy="5.500" r="2.750" />
    <path d="M2.800 14c.3-2.800 2.400-4.300 5.200-4.300s4.900 1.500 5.200 4.300" />
  </>,
);
export const BellIcon = icon(
  <path d="M3 11.500h10l-1.500-2v-3a3.500 3.500 0 0 0-7 0v3zM6.800 13.500h2.400" />,
);
export const MessageIcon = icon(<path d="M2.500 3h11v8h-6l-3 2.500v-2.500h-2z" />);
export const SoundIcon = icon(
  <path d="M2.500 6v4h2.500l3.500 3v-10l-3.500 3zM11 5.500a3.500 3.500 0 0 1 0 5M13 3.500a6.300 6.300 0 0 1 0 9" />,
);
