import "@mantine/core/styles/CloseButton.css";
import "@mantine/core/styles/Notification.css";
import "@mantine/notifications/styles.css";
import { Notifications } from "@mantine/notifications";

/** Shows what screens say with `useNotify`. It is loaded beside the first screen. */
export default function Notices() {
  return <Notifications position="bottom-right" limit={4} />;
}
