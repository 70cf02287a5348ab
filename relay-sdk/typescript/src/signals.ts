/** What waits for a signal to fire. All of it shares one listener, because Node warns when a signal has more than ten. */
type Waiting = { acts: Set<() => void>; fire: () => void };
const waiting = new WeakMap<AbortSignal, Waiting>();

/** Calls `act` once when the signal fires. Returns a function that cancels it. */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  const { acts, fire } = waiting.get(signal) ?? listen(signal);
  acts.add(act);
  return () => {
    if (!acts.delete(act) || acts.size > 0) return;
    signal.removeEventListener("abort", fire);
    waiting.delete(signal);
  };
}

function listen(signal: AbortSignal): Waiting {
  const acts = new Set<() => void>();
  const fire = () => {
    waiting.delete(signal);
    for (const act of acts) act();
  };
  const entry = { acts, fire };
  waiting.set(signal, entry);
  signal.addEventListener("abort", fire, { once: true });
  return entry;
}

// Older Workers have no weak references. There a signal holds what waits for it until it fires, or is collected.
const forgotten = typeof FinalizationRegistry === "function" ? new FinalizationRegistry<() => void>((undo) => undo()) : undefined;
/** What must not be collected before the controller that waits for it. */
const kept = new WeakMap<AbortController, AbortSignal>();
/** The controllers of signals that {@link derived} made. */
const owners = new WeakMap<AbortSignal, AbortController>();

/** Aborts a controller when the signal fires, and forgets it once nothing else holds it: a signal may outlive many answers. */
export function follow(signal: AbortSignal, controller: AbortController): void {
  if (signal.aborted) return controller.abort(signal.reason);
  if (!forgotten) return void onAbort(signal, () => controller.abort(signal.reason));
  const held = new WeakRef(controller);
  kept.set(controller, signal);
  forgotten.register(controller, onAbort(signal, () => held.deref()?.abort(signal.reason)));
}

/** A signal for one call alone, which fires with the caller's. The OpenAI client adds several listeners to that of a call. */
export function derived(signal: AbortSignal): AbortSignal {
  if (owners.has(signal)) return signal;
  const controller = new AbortController();
  owners.set(controller.signal, controller);
  follow(signal, controller);
  return controller.signal;
}
