export default {
  title: "Candidate",
} as const;
