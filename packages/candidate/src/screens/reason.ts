import { reasonCodes, type Sitting } from "@invigil/client";
import { useTranslations } from "use-intl";

/** Says why something was decided, with the words of the staff for the person. Undefined: nothing was said. */
export const useReason = (): ((
  decision: Pick<NonNullable<Sitting["decision"]>, "reason" | "message">,
) => string | undefined) => {
  const t = useTranslations("decisions");
  const reasons = useTranslations("reasons");
  return ({ reason, message }) => {
    const code = reasonCodes.find((one) => one === reason);
    const said = [...(code ? [t("reason", { reason: reasons(code) })] : []), ...(message ? [message] : [])];
    return said.length > 0 ? said.join(" ") : undefined;
  };
};
