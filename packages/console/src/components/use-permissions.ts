import { useSession } from "@invigil/react";

/** The rights that follow from the person's role. The server says what they may do with each exam (`mayManage`). */
export interface Permissions {
  readonly administer: boolean;
  /** Whether they may change anything: administrators and invigilators. */
  readonly act: boolean;
}

export const usePermissions = (): Permissions => {
  const { user } = useSession();
  return {
    administer: user?.role === "admin",
    act: user?.role === "admin" || user?.role === "teacher",
  };
};
