/** @typedef {{ x: number, y: number, half: number }} Point */

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [860, 420, 60, 220, 40, 50];
/** Colours that can be told apart in print and by most eyes: Okabe and Ito, https://jfly.uni-koeln.de/color/ */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#999999', '#7f3c8d', '#8c564b'];

/**
 * A line plot as SVG, each line in a band of its 95 % interval.
 * @param {{ title: string, x: string, y: string, series: { name: string, points: Point[] }[] }} plot
 * @returns {string}
 */
export function linePlot({ title, x, y, series }) {
  const points = series.flatMap((each) => each.points);
  const [low, high] = [Math.floor(Math.min(...points.map((p) => p.y - p.half))), Math.ceil(Math.max(...points.map((p) => p.y + p.half)))];
  const last = Math.max(...points.map((p) => p.x));
  const atX = (/** @type {number} */ value) => LEFT + ((WIDTH - LEFT - RIGHT) * value) / last;
  const atY = (/** @type {number} */ value) => TOP + ((HEIGHT - TOP - BOTTOM) * (high - value)) / (high - low);
  const place = (/** @type {number} */ a, /** @type {number} */ b) => `${atX(a).toFixed(1)},${atY(b).toFixed(1)}`;
  const text = (/** @type {number} */ left, /** @type {number} */ top, /** @type {string} */ words, /** @type {string} */ more = '') => `<text x="${left}" y="${top}" ${more}>${words}</text>`;
  const steps = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  const grid = steps.map((value) => `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${atY(value)}" y2="${atY(value)}" stroke="#ddd"/>${text(LEFT - 8, atY(value) + 4, String(value), 'text-anchor="end"')}`);
  const ticks = Array.from({ length: last + 1 }, (_, i) => text(atX(i), HEIGHT - BOTTOM + 18, String(i), 'text-anchor="middle"'));
  const lines = series.map(({ name, points: own }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const band = [...own.map((p) => place(p.x, p.y + p.half)), ...own.toReversed().map((p) => place(p.x, p.y - p.half))].join(' ');
    const top = TOP + 14 + 18 * i;
    return [
      `<polygon points="${band}" fill="${colour}" fill-opacity="0.12"/>`,
      `<polyline points="${own.map((p) => place(p.x, p.y)).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      `<line x1="${WIDTH - RIGHT + 16}" x2="${WIDTH - RIGHT + 40}" y1="${top - 4}" y2="${top - 4}" stroke="${colour}" stroke-width="3"/>`,
      text(WIDTH - RIGHT + 46, top, name),
    ].join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img" aria-label="${title}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text(LEFT, 22, title, 'font-size="15"'),
    ...grid,
    ...ticks,
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x, 'text-anchor="middle"'),
    text(16, (TOP + HEIGHT - BOTTOM) / 2, y, `text-anchor="middle" transform="rotate(-90 16 ${(TOP + HEIGHT - BOTTOM) / 2})"`),
    ...lines,
    '</svg>',
    '',
  ].join('\n');
}
