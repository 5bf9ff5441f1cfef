/** The fields of a plan as they were typed. */
export interface PlanValues {
  readonly size: string;
  readonly name: string;
  readonly order: string;
  readonly seed: string;
}

interface PlanOptions {
  readonly roomSize: number;
  readonly roomName: string;
  readonly seed?: string;
}

/** The options of a plan. Undefined: something that was typed is wrong. */
export const planOf = ({
  size,
  name,
  order,
  seed,
}: PlanValues): {
  readonly options: PlanOptions | undefined;
  readonly errors: { readonly size: boolean; readonly name: boolean };
} => {
  const roomSize = /^\d{1,3}$/.test(size.trim()) ? Number(size) : 0;
  const roomName = name.trim();
  const errors = {
    size: roomSize < 1 || roomSize > 500,
    name: roomName.length > 50 || !roomName.includes("{n}"),
  };
  const isShuffled = order === "shuffled" && seed.trim() !== "";
  return {
    errors,
    options:
      errors.size || errors.name
        ? undefined
        : { roomSize, roomName, ...(isShuffled && { seed: seed.trim() }) },
  };
};
