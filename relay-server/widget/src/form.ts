/** The form without a frame, for `isolation: 'shadow'`: a module that the widget loads only then. */

import type { Beginning } from "./bridge/link.ts";
import type { ToPage } from "./bridge/messages.ts";
import { Engine } from "./engine/engine.ts";
import { common, form, problems } from "./text/en.ts";
import { learn } from "./text/form.ts";
import { common as commonKo, form as formKo, problems as problemsKo } from "./text/ko.ts";

export { ENGINE as styles } from "./look/styles.ts";

learn("en", { common, form, problems });
learn("ko", { common: commonKo, form: formKo, problems: problemsKo });

/** The engine's interface for the widget. */
export type LocalEngine = Pick<Engine, "root" | "handle" | "dispose">;

/** Starts the engine in the page. */
export function begin(base: string, beginning: Beginning, tell: (message: ToPage) => void): LocalEngine {
  // As from a frame: what the page does about a message comes after what the engine is doing.
  const later = (message: ToPage) => queueMicrotask(() => tell(message));
  return new Engine({ base, host: new URL(base).host, framed: false, pageOrigin: null, pages: [] }, beginning, later);
}
