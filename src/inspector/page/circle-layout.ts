/**
 * The layout of a graph whose nodes are all alike: on an ellipse that fits the width, or around a node in the middle.
 * Labels stand outside; where there are many, they are turned, so that none covers another.
 */

export interface CirclePlace {
  readonly x: number;
  readonly y: number;
  /** The direction outwards in degrees, by which the label is turned; undefined: it is not turned. */
  readonly turn: number | undefined;
  /** Where the label stands. */
  readonly side: 'left' | 'right' | 'below';
}

export interface CircleLayout {
  readonly width: number;
  readonly height: number;
  /** In the order of the ids; the first is the one in the middle, if there is one. */
  readonly places: readonly CirclePlace[];
}

/** Room for a label beside its node; a turned one has both of its lines in one. */
const LABEL_WIDTH = { upright: 118, turned: 190 } as const;
const MARGIN = 6;
/** Above the highest label and below the lowest. */
const MARGIN_Y = 36;
/** With this one, a picture of a few nodes is as wide as a telephone. */
const MIN_RADIUS = { x: 42, y: 84 } as const;
/** Between two nodes that are at the same height. */
const MIN_DISTANCE = 20;
const MAX_RADIUS = { x: 300, y: 120 } as const;
/** Two lines, and a gap. */
const LABEL_HEIGHT = 30;
/** With more nodes, labels are turned. */
const MAX_UPRIGHT = 16;
/** Between two turned labels. */
const PITCH = 15;

/**
 * @param count how many nodes there are
 * @param hasMiddle whether the first one stands in the middle
 * @param room the width that is there; the picture is wider only if it must be
 */
export function layOutCircle(count: number, hasMiddle: boolean, room: number): CircleLayout {
  const around = hasMiddle ? count - 1 : count;
  const isTurned = around > MAX_UPRIGHT;
  const label = isTurned ? LABEL_WIDTH.turned : LABEL_WIDTH.upright;
  const fitting = room / 2 - label - MARGIN;
  // One alone, or none, has no neighbour.
  const step = (2 * Math.PI) / Math.max(around, 2);
  const least = isTurned ? PITCH / step : Math.max(MIN_RADIUS.x, MIN_DISTANCE / 2 / Math.sin(step / 2));
  const rx = Math.max(least, Math.min(MAX_RADIUS.x, fitting));
  // Upright labels at the same side must not cover each other: they are nearest in height at the top and bottom.
  const nearest = Math.cos(step / 2) - Math.cos(1.5 * step);
  const upright = Math.max(MIN_RADIUS.y, Math.min(MAX_RADIUS.y, rx), LABEL_HEIGHT / nearest);
  const ry = isTurned ? rx : around <= 2 ? 0 : upright;
  const [outX, outY] = [label + MARGIN, isTurned ? label + MARGIN : MARGIN_Y];
  const [cx, cy] = [rx + outX, ry + outY];
  const places: CirclePlace[] = hasMiddle ? [{ x: cx, y: cy, turn: undefined, side: 'below' }] : [];
  for (let at = 0; at < around; at += 1) {
    // Half a step from the top, so that no label stands in the way of the one beside it.
    const angle = around === 1 ? 0 : (at + 0.5) * step - Math.PI / 2;
    const isLowest = !isTurned && at === (around - 1) / 2 && around > 1;
    places.push({
      x: Math.round(cx + rx * Math.cos(angle)),
      y: Math.round(cy + ry * Math.sin(angle)),
      turn: isTurned ? (angle * 180) / Math.PI : undefined,
      side: isLowest ? 'below' : Math.cos(angle) < 0 ? 'left' : 'right',
    });
  }
  return { width: 2 * cx, height: 2 * cy + 12, places };
}
