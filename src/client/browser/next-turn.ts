/**
 * Calls it after the tasks that wait already. By a message, because in a page in the background a timeout of 0 ms is held
 * back for a second or more.
 */
export function nextTurn(work: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    work();
  };
  port2.postMessage(undefined);
}
