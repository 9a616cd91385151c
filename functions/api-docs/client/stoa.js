// The client of Stoa's API for browsers, workers and Node. Its types are in `stoa.d.ts`, and `/docs/client` shows how it is used.

import { createCore } from "./core.js";
import { createListeners } from "./lists.js";
import { createLive } from "./live.js";
import { createNotifications } from "./notifications.js";
import { createMe, createPeople } from "./people.js";
import { createRooms } from "./rooms.js";

export { createCore, StoaError } from "./core.js";
// What other parts of the client, such as `support.js` and `checkout.js`, are made of.
export { createList, createVersions, forEachPerson } from "./lists.js";
export { createRoom } from "./room.js";

export function createStoa(options) {
  const core = createCore(options);
  const [on, tell] = createListeners();
  // Each needs the other: the socket is opened for a room, and the rooms get what comes.
  const { live, close } = createLive(core, {
    WebSocket: options.WebSocket,
    beat: () => rooms.beat(),
    greet: (hello) => {
      rooms.greet(hello);
      inbox.greet();
      others.greet();
    },
    push: (payload, stream) => {
      if (stream === "notification") inbox.push(payload), others.push(payload);
      if (stream === "chat") rooms.push(payload);
      tell(payload, stream);
    },
  });
  const inbox = createNotifications(core);
  const others = createPeople(core);
  const rooms = createRooms(core, live, inbox.roomRead, others.people.blocked);
  const own = createMe(core);
  return {
    ...core,
    live: Object.assign(live, { on }),
    rooms: rooms.rooms,
    room: rooms.room,
    notifications: inbox.notifications,
    people: others.people,
    me: own.me,
    close() {
      for (const part of [rooms, inbox, others, own]) part.close();
      close();
      core.close();
    },
  };
}
