// The client of Stoa's API for browsers, workers and Node. Its types are in `stoa.d.ts`, and `/docs/client` shows how it is used.

import { createCore } from "./core.js";
import { createLive } from "./live.js";
import { createRooms } from "./rooms.js";

export { createCore, StoaError } from "./core.js";

export function createStoa(options) {
  const core = createCore(options);
  const listeners = new Set();
  // Each needs the other: the socket is opened for a room, and the rooms get what comes.
  const { live, close } = createLive(core, {
    WebSocket: options.WebSocket,
    greet: (hello) => rooms.greet(hello),
    push: (payload, stream) => {
      rooms.push(payload);
      for (const listener of listeners) queueMicrotask(() => listener(payload, stream));
    },
  });
  const rooms = createRooms(core, live);
  live.on = (listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return {
    ...core,
    live,
    rooms: rooms.rooms,
    room: rooms.room,
    close() {
      rooms.close();
      close();
      core.close();
    },
  };
}
