/** The form without a frame, for `isolation: 'shadow'`: a module that the widget loads when it is asked for. */

import type { Beginning } from "./bridge/link.ts";
import type { ToPage } from "./bridge/messages.ts";
import { Engine } from "./engine/engine.ts";

export { ENGINE as styles } from "./look/styles.ts";

/** What the widget needs of the engine. */
export type LocalEngine = Pick<Engine, "root" | "handle" | "dispose">;

/** Begins to run in the page. */
export function begin(base: string, beginning: Beginning, tell: (message: ToPage) => void): LocalEngine {
  return new Engine({ base, host: new URL(base).host, framed: false, pageOrigin: null }, beginning, tell);
}
