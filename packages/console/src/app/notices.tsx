import "@mantine/core/styles/CloseButton.css";
import "@mantine/core/styles/Notification.css";
import "@mantine/notifications/styles.css";
import { Notifications } from "@mantine/notifications";

/** Shows the notices of `useNotify`. It is loaded once a person is signed in. */
export default function Notices() {
  return <Notifications position="bottom-right" limit={4} />;
}
