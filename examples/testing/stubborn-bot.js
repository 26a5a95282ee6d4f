/**
 * A bot that tries once more if a connection did not come up; not at once, because the server protects a client that has
 * just left (`just_left`).
 * @param wait waits a number of milliseconds; a test passes its own
 * @returns the codes of the errors on the way
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
