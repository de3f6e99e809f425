// What the browser remembers. Where it keeps nothing (private windows, blocked storage) the page works without.

function storage(name) {
  try {
    return window[name];
  } catch {
    return null;
  }
}

function access(name) {
  const memory = new Map();
  return {
    get(key) {
      try {
        return storage(name)?.getItem(`proxypool.${key}`) ?? memory.get(key) ?? null;
      } catch {
        return memory.get(key) ?? null;
      }
    },
    set(key, value) {
      memory.set(key, value);
      try {
        storage(name)?.setItem(`proxypool.${key}`, value);
      } catch {
        // Full or forbidden: this page still has it in its memory.
      }
    },
    remove(key) {
      memory.delete(key);
      try {
        storage(name)?.removeItem(`proxypool.${key}`);
      } catch {
        // As above: there is nothing to remove.
      }
    },
  };
}

/** Choices, for all visits. */
export const choices = access("localStorage");
/** The key to the API, for this tab alone. */
export const secrets = access("sessionStorage");
