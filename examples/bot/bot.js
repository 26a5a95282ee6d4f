/** A bot that answers questions: it makes a key, serves the peer that pairs with it, and waits for the next one. */
import { createPeer } from 'pairlane/client';

const answers = new Map([
  ['time', () => new Date().toISOString()],
  ['dice', () => String(1 + Math.floor(Math.random() * 6))],
  ['help', () => 'Ask for time or dice; anything else comes back.'],
]);

// ICE=local: use no STUN server, for a machine without a network.
const ice = process.env.ICE === 'local' && { iceServers: [], iceAdditionalHostAddresses: ['127.0.0.1'] };
const bot = await createPeer({ url: process.argv[2] ?? 'ws://127.0.0.1:8765/', ...ice });

async function invite() {
  const { key } = await bot.createKey();
  console.log(`Talk to me: npx pairlane chat --key ${key}`);
}

bot.on('message', async (text) => bot.send(answers.get(text)?.() ?? text));
bot.on('peer_disconnected', invite);
bot.on('error', (error) => console.error(`${error.code}: ${error.message}`));
process.once('SIGINT', () => bot.close());
await invite();
