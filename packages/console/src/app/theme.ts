import {
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from "@mantine/core";

/** The one accent colour, from light to dark. */
const accent: MantineColorsTuple = [
  "#eef5fc",
  "#dbe9f7",
  "#b7d2ee",
  "#8fb8e3",
  "#689dd6",
  "#4684c7",
  "#2d70b6",
  "#1d5fa8",
  "#174f8d",
  "#113f72",
];

/** Mantine's own variants fall short of a contrast of 4.5 to 1. A dark shade, mixed with black, does not. */
const mixed = (name: string, percent: number) =>
  `color-mix(in oklab, var(--mantine-color-${name}-9) ${percent}%, black)`;

const variantColorResolver: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  const [name = ""] = String(input.color ?? input.theme.primaryColor).split(".");
  if (!(name in input.theme.colors)) return colors;
  if (input.variant === "light")
    return {
      ...colors,
      background: `light-dark(var(--mantine-color-${name}-0), ${mixed(name, 70)})`,
      color: `light-dark(${mixed(name, 75)}, var(--mantine-color-white))`,
    };
  if (input.variant === "subtle")
    return {
      ...colors,
      hover: "var(--hover)",
      color: `light-dark(${mixed(name, 85)}, var(--mantine-color-${name}-2))`,
    };
  if (input.variant === "filled")
    return {
      ...colors,
      background: name === "accent" ? "var(--mantine-color-accent-7)" : mixed(name, 85),
      hover: name === "accent" ? "var(--mantine-color-accent-8)" : mixed(name, 75),
      color: "var(--mantine-color-white)",
    };
  return colors;
};

// A lock of the page's scroll adds a style tag, which the content security policy forbids.
const DIALOG = { lockScroll: false, centered: true, transitionProps: { duration: 120 } };

// The description of a field stands below it, so that fields beside each other are on one line.
const FIELD = { size: "xs", inputWrapperOrder: ["label", "input", "description", "error"] };

// Parts are named by strings: `Modal.extend` would pull the dialog into the first load.
export const theme = createTheme({
  colors: { accent },
  primaryColor: "accent",
  primaryShade: { light: 7, dark: 5 },
  variantColorResolver,
  respectReducedMotion: true,
  cursorType: "pointer",
  defaultRadius: "sm",
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif',
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  headings: { fontWeight: "600" },
  components: {
    Button: { defaultProps: { size: "xs" } },
    TextInput: { defaultProps: FIELD },
    PasswordInput: { defaultProps: FIELD },
    NativeSelect: { defaultProps: FIELD },
    Textarea: { defaultProps: FIELD },
    Checkbox: { defaultProps: { size: "xs" } },
    ModalRoot: { defaultProps: DIALOG },
    Menu: { defaultProps: { shadow: "sm", position: "bottom-end" } },
  },
});
