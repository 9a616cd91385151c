// The texts of the page, in the language of the document.

import { say } from "./console.js";

export const language = document.documentElement.lang;
export const texts = {
  unreachable: say("try-unreachable"),
  who: say("try-who"),
  signIn: say("try-sign-in"),
  signOut: say("try-sign-out"),
  remove: say("try-remove"),
  factor: say("try-factor"),
  choose: say("try-choose"),
  code: say("try-code"),
  verify: say("try-verify"),
  inbox: say("try-inbox"),
  rooms: say("try-rooms"),
  public: say("try-public"),
  gone: say("try-gone"),
  talkTo: say("try-talk-to"),
  open: say("try-open"),
  messages: say("try-messages"),
  older: say("try-older"),
  noMessages: say("try-no-messages"),
  text: say("try-text"),
  send: say("try-send"),
  sending: say("try-sending"),
  again: say("try-again"),
  discard: say("try-discard"),
  cut: say("try-cut"),
  connect: say("try-connect"),
  here: say("try-here"),
  pane: (n) => say("try-pane", { n }),
  online: (n, more) => (more || n > 1 ? say("try-online", { n: `${n}${more ? "+" : ""}` }) : say(n === 1 ? "try-online-one" : "try-online-nobody")),
  states: { off: say("try-state-off"), connecting: say("try-state-connecting"), live: say("try-state-live"), waiting: say("try-state-waiting"), refused: say("try-state-refused") },
  factors: { password: say("try-factor-password"), passkey: say("try-factor-passkey"), app: say("try-factor-app"), email: say("try-factor-email"), sms: say("try-factor-sms"), recovery_code: say("try-factor-recovery") },
};
