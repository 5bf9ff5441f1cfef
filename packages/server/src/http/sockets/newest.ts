/**
 * Creates a function that sends states to a client, each of which replaces the one before. While the client has not read what was sent, only
 * the newest state waits.
 * @param drained as in `Connection`
 */
export const createNewest = <State>(
  drained: () => Promise<void> | undefined,
  send: (state: State) => void,
): ((state: State) => void) => {
  let waiting: { state: State } | undefined;
  const sendWaiting = (): void => {
    if (!waiting) return;
    const { state } = waiting;
    waiting = undefined;
    send(state);
  };
  return (state) => {
    if (waiting) {
      waiting.state = state;
      return;
    }
    waiting = { state };
    const received = drained();
    if (received) void received.then(sendWaiting);
    else sendWaiting();
  };
};
