// What the roles of who is signed in open. The API refuses all else: this only keeps what it would refuse from being offered.

/** The roles. Each includes those before it. */
const ROLES = ["moderator", "administrator", "superuser"];
/** The screens in the order of use, each with the lowest role that it takes. */
const SCREENS = {
  work: "moderator",
  people: "administrator",
  threads: "moderator",
  orders: "administrator",
  products: "moderator",
  tickets: "administrator",
  reports: "moderator",
  audit: "administrator",
  health: "moderator",
  roles: "administrator",
};

let rank = -1;
/** From now on these roles count. Returns whether they allow more or less than those before. */
export function admit(roles) {
  const before = rank;
  rank = Math.max(-1, ...roles.map((role) => ROLES.indexOf(role)));
  return rank !== before;
}
/** Whether who is signed in has at least this role. Nobody has a role that there is not. */
export const isAtLeast = (role) => ROLES.slice(0, rank + 1).includes(role);
/** The role that a screen takes, or nothing if there is no such screen. */
export const takes = (screen) => (Object.hasOwn(SCREENS, screen) ? SCREENS[screen] : undefined);
/** Whether a screen opens. */
export const opens = (screen) => isAtLeast(takes(screen));
/** The screens that open. */
export const screens = () => Object.keys(SCREENS).filter(opens);
