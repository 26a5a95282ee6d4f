/**
 * A bot that asks once more where a connection did not come about; not at once, for who has just left is left in peace.
 * @param wait waits so many milliseconds: a test gives its own
 * @returns the codes of what went wrong on the way
 */
export async function pairStubbornly(bot, id, wait) {
  const failures = [];
  bot.on('error', ({ code }) => failures.push(code));
  for (;;) {
    await bot.pair({ id });
    try {
      await bot.opened();
      return failures;
    } catch {
      await wait(11_000);
    }
  }
}
