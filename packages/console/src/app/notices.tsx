import "@mantine/core/styles/CloseButton.css";
import "@mantine/core/styles/Notification.css";
import "@mantine/notifications/styles.css";
import { useMediaQuery } from "@mantine/hooks";
import { Notifications } from "@mantine/notifications";
import styles from "./notices.module.css";

/** Above dialogs, which Mantine shows at 200, and below menus, which it shows at 300. */
const LAYER = 250;

/** Shows the notices of `useNotify` where no field for messages is. It is loaded once a person is signed in. */
export default function Notices() {
  const isNarrow = useMediaQuery("(max-width: 900px)", undefined, { getInitialValueInEffect: false });
  return (
    <Notifications
      classNames={{ root: styles.notices ?? "" }}
      position={isNarrow ? "top-center" : "bottom-left"}
      limit={4}
      zIndex={LAYER}
    />
  );
}
