export default {
  title: "Set up",
} as const;
