export default {
  title: "Candidates",
} as const;
