/** The game itself, in units of the court's height, without any network. The court is 16 by 9. */

export const COURT_WIDTH = 16 / 9;
export const PADDLE_HEIGHT = 0.2;
export const PADDLE_INSET = 0.04;
export const BALL_RADIUS = 0.015;
const START_SPEED = 0.8;
const FASTER = 1.06;
const TOP_SPEED = 2.5;

/** @returns a game before its first serve; `paddles` are the middles of left and right */
export function createGame() {
  return { paddles: [0.5, 0.5], score: [0, 0], ball: serve(1) };
}

/** Moves the ball; player 1 does this, and sends the result. */
export function step(game, seconds) {
  const { ball, paddles, score } = game;
  ball.x += ball.vx * seconds;
  ball.y += ball.vy * seconds;
  if (ball.y < BALL_RADIUS || ball.y > 1 - BALL_RADIUS) {
    ball.vy = Math.abs(ball.vy) * (ball.y < 0.5 ? 1 : -1);
    ball.y = Math.min(1 - BALL_RADIUS, Math.max(BALL_RADIUS, ball.y));
  }
  const side = ball.vx < 0 ? 0 : 1;
  const edge = side === 0 ? PADDLE_INSET : COURT_WIDTH - PADDLE_INSET;
  const isPast = side === 0 ? ball.x - BALL_RADIUS < edge : ball.x + BALL_RADIUS > edge;
  if (!isPast) return;
  const offset = (ball.y - paddles[side]) / (PADDLE_HEIGHT / 2);
  if (Math.abs(offset) <= 1.15 && !ball.isMissed) {
    const speed = Math.min(TOP_SPEED, Math.hypot(ball.vx, ball.vy) * FASTER);
    const angle = offset * (Math.PI / 3.5);
    ball.vx = Math.cos(angle) * speed * (side === 0 ? 1 : -1);
    ball.vy = Math.sin(angle) * speed;
  } else ball.isMissed = true;
  if (ball.x < -0.1 || ball.x > COURT_WIDTH + 0.1) {
    score[1 - side] += 1;
    game.ball = serve(side === 0 ? -1 : 1);
  }
}

function serve(direction) {
  const angle = ((Math.random() - 0.5) * Math.PI) / 3;
  return {
    x: COURT_WIDTH / 2,
    y: 0.5,
    vx: Math.cos(angle) * START_SPEED * direction,
    vy: Math.sin(angle) * START_SPEED,
    isMissed: false,
  };
}

/** Draws everything. */
export function draw(canvas, { paddles, score, ball }, isPlaying) {
  const context = canvas.getContext('2d');
  const unit = canvas.height;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.globalAlpha = isPlaying ? 1 : 0.35;
  context.fillStyle = '#30363d';
  for (let y = 0.02; y < 1; y += 0.06) context.fillRect(canvas.width / 2 - 2, y * unit, 4, 0.03 * unit);
  context.font = `600 ${0.12 * unit}px system-ui, sans-serif`;
  context.textAlign = 'center';
  context.fillText(String(score[0]), canvas.width / 2 - 0.2 * unit, 0.16 * unit);
  context.fillText(String(score[1]), canvas.width / 2 + 0.2 * unit, 0.16 * unit);
  const width = 0.02 * unit;
  const height = PADDLE_HEIGHT * unit;
  context.fillStyle = '#79c0ff';
  context.fillRect(PADDLE_INSET * unit - width, paddles[0] * unit - height / 2, width, height);
  context.fillStyle = '#ffa657';
  context.fillRect(canvas.width - PADDLE_INSET * unit, paddles[1] * unit - height / 2, width, height);
  context.fillStyle = '#e6edf3';
  context.beginPath();
  context.arc(ball.x * unit, ball.y * unit, BALL_RADIUS * unit, 0, 2 * Math.PI);
  context.fill();
  context.globalAlpha = 1;
}
