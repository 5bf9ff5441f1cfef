export default {
  title: "Candidate",
  header: {
    room: "Room",
    left: "{time} left",
    over: "The exam is over for them",
    notYet: "Begins at <time></time>",
    extra: "with {minutes, plural, one {# extra minute} other {# extra minutes}}",
  },
  sound: { on: "Listen to {camera}", off: "Stop listening to {camera}" },
  details: {
    title: "Devices",
    page: "{camera}: connected since <time></time>, {devices, plural, one {# device} other {# devices}}",
    leftPage: "{camera}: disconnected since <time></time>",
    none: "No page has connected yet.",
    gone: "No page is connected.",
    records: "{count, plural, =0 {No detection} one {# detection} other {# detections}}",
  },
  message: "Message to {name}",
  readOnly: "View only. Inspectors cannot send messages or change anything.",
  moved: "{name} was moved to {room}. This page followed.",
  unseated: {
    title: "{name} has no room yet",
    text: "Plan the people without a room in the set-up of the exam.",
  },
  removed: {
    title: "{id} is in no room of this exam",
    text: "They were removed, or never were in a room that you may see.",
    action: "To the candidates",
    toRoom: "To the room",
  },
  ended: "The room of {name} has ended.",
} as const;
