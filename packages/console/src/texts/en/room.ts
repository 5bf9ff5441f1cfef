export default {
  title: "Room",
} as const;
