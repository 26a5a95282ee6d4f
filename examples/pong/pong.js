/**
 * Pong for two, over WebRTCManager: the whole use of it in one file. Player 1 (left) moves the ball and sends the
 * game's state, player 2 (right) sends its paddle. The channel may lose messages, so each one has everything needed.
 */
import { io } from '/socket.io/socket.io.esm.min.js';
import { WebRTCManager } from '/webrtc-manager.js';
import { createGame, draw, step } from './game.js';
import { LinkMeter } from './link-meter.js';

const element = (id) => document.getElementById(id);
const canvas = element('court');
const params = new URLSearchParams(location.search);
const gameId = params.get('game') ?? `pong-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
const game = createGame();

let manager;
let me;
let meter = new LinkMeter();

function show(status, isBad = false) {
  element('status').textContent = status;
  element('status').classList.toggle('is-bad', isBad);
}

const other = () => (me === 1 ? 2 : 1);
const isPlaying = () => manager?.isReady() === true;

/** Takes the place that is free. */
async function join(socket) {
  for (const player of [1, 2]) {
    const answer = await socket.emitWithAck('join_game', { game_id: gameId, player_id: player });
    if (answer.players) return { player, ...answer };
    if (answer.code !== 'player_taken') throw new Error(answer.error);
  }
  throw new Error('Two are playing already. Leave out ?game=… for a game of your own.');
}

function createManager(socket, iceServers) {
  manager?.close();
  manager = new WebRTCManager(socket, gameId, me, iceServers && { iceServers });
  manager.onDataChannelOpen = () => {
    meter = new LinkMeter();
    show(`You are player ${me}: ${me === 1 ? 'left' : 'right'}.`);
    element('invitation').hidden = true;
  };
  manager.onDataChannelMessage = (data) => {
    const message = JSON.parse(data);
    const now = performance.now();
    if (message.back !== undefined) return meter.returned(message.back, now);
    if (message.probe !== undefined) manager.send(JSON.stringify({ back: message.probe }));
    if (!meter.received(message.n, now)) return;
    game.paddles[other() - 1] = message.paddle;
    if (me === 2) Object.assign(game, { ball: message.ball, score: message.score });
  };
  manager.onDataChannelClose = () => show('The other player is gone. Waiting for it to come back…', true);
  manager.onConnectionFailed = (_, { message }) => show(message, true);
}

async function start() {
  const socket = io();
  socket.on('player_joined', ({ player_id }) => manager?.connectToPeer(player_id));
  socket.on('disconnect', () => {
    if (!isPlaying()) show('The link to the server is lost. Trying again…', true);
  });
  socket.on('connect', async () => {
    try {
      const { player, players, ice_servers } = await join(socket);
      if (player !== me || !isPlaying()) {
        me = player;
        createManager(socket, ice_servers);
        if (players.length === 1) show('Waiting for the second player…');
      }
      for (const id of players) manager.connectToPeer(id);
    } catch (error) {
      show(error.message, true);
    }
  });
  const url = new URL(location.href);
  url.searchParams.set('game', gameId);
  history.replaceState(null, '', url);
  element('link').textContent = url.href;
  element('invitation').hidden = false;
  element('copy').onclick = () => navigator.clipboard.writeText(url.href);
}

function movePaddle(y) {
  if (me) game.paddles[me - 1] = Math.min(0.92, Math.max(0.08, y));
}

canvas.addEventListener('pointermove', ({ clientY }) => {
  const { top, height } = canvas.getBoundingClientRect();
  movePaddle((clientY - top) / height);
});
addEventListener('keydown', (event) => {
  const direction = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!direction || !me) return;
  event.preventDefault();
  movePaddle(game.paddles[me - 1] + direction * 0.06);
});

let lastFrameAt = performance.now();
function frame(now) {
  const seconds = Math.min(0.05, (now - lastFrameAt) / 1000);
  lastFrameAt = now;
  if (isPlaying()) {
    if (me === 1) step(game, seconds);
    const state = me === 1 ? { ball: game.ball, score: game.score } : {};
    const sentAt = performance.now();
    manager.send(JSON.stringify({ ...meter.stamp(sentAt), paddle: game.paddles[me - 1], ...state }));
  }
  draw(canvas, game, isPlaying());
  requestAnimationFrame(frame);
}

function shown(value, unit, digits = 0) {
  return value === undefined || !isPlaying() ? '–' : `${value.toFixed(digits)}${unit}`;
}

setInterval(() => {
  const { roundTripMs, loss, perSecond } = meter.summary(performance.now());
  element('round-trip').textContent = shown(roundTripMs, ' ms', 1);
  element('loss').textContent = shown(loss === undefined ? undefined : loss * 100, ' %', 1);
  element('rate').textContent = shown(perSecond, '');
}, 500);

start();
requestAnimationFrame(frame);
