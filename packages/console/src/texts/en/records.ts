export default {
  title: "Records",
} as const;
