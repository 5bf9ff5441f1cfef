export default {
  title: "Candidate",
  header: {
    room: "Room",
    left: "{time} left",
    over: "The exam is over for them",
    notYet: "Begins at <time></time>",
    confirmed: "Identity confirmed at <time></time>",
    extra: "with {minutes, plural, one {# extra minute} other {# extra minutes}}",
    given: "{minutes, number} min added",
    taken: "{minutes, number} min taken away",
    givenBack: "{time} given back",
    finished: "Finished at <time></time>",
    terminated: "Ended by an invigilator at <time></time>",
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
  access: {
    title: "Access",
    look: "Why can they not enter?",
    again: "Look again",
    unseated: "They have no room yet.",
    open: "{room} is open to them. A link that is made now works until <time></time>.",
    obstacles: {
      room_ended: "The room has ended.",
      attempt_over: "Their exam is finished or was ended.",
      exam_over: "The exam is over. No link or code opens the room.",
      no_public_url: "Codes do not work here: the server has no public address.",
    },
    links:
      "{count, plural, =0 {Links were never revoked} one {Links were revoked once} other {Links were revoked # times}}",
    code: {
      current: "The last printed code works",
      outdated: "The last printed code is no longer valid: print a new one",
      none: "No code was printed",
    },
    pcCode: {
      current: "The last printed code for the second camera works",
      outdated: "The last printed code for the second camera is no longer valid: print a new one",
      none: "No code for the second camera was printed",
    },
    account:
      "Account: {role}, {count, plural, =0 {not signed in} one {signed in once} other {signed in # times}}",
    disabled: "Account: {role}, disabled",
    noStreams: "No service for the cameras is configured.",
    noRefusals: "No call of theirs was refused in the last 7 days.",
    reasons: {
      TOKEN_EXPIRED: "The link or the sign-in had expired.",
      TOKEN_REVOKED: "The link or the sign-in was revoked.",
      SESSION_ENDED: "They had signed out, or the sign-in was ended.",
      ACCOUNT_DISABLED: "The account is disabled.",
      LINKS_REVOKED: "The link or the code was replaced: they need a new one.",
      ROOM_ENDED: "The room had ended.",
      EXAM_OVER: "The exam was over.",
      FORBIDDEN: "Not allowed with this link or sign-in.",
    },
  },
  message: "Message to {name}",
  readOnly:
    "View only. Inspectors cannot send messages or change anything, but they can check identities and write notes.",
  moved: "{name} was moved to {room}. This page followed.",
  unseated: {
    title: "{name} has no room yet",
    text: "Give them a room here, or plan the people without a room in the set-up of the exam.",
  },
  removed: {
    title: "{id} is in no room of this exam",
    text: "They were removed, or never were in a room that you may see.",
    action: "To the candidates",
    toRoom: "To the room",
  },
  ended: "The room of {name} has ended.",
  /** Instead of the above, where the streams of cameras have the vendor's domains: its apps use a phone and a PC. */
  streamDomains: {
    access: {
      pcCode: {
        current: "The last printed code for the PC works",
        outdated: "The last printed code for the PC is no longer valid: print a new one",
        none: "No code for the PC was printed",
      },
    },
  },
} as const;
