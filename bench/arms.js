// The six arms of negatives: their names, and how a measure changes with each of them, as a picture.

export const ARM_NAMES = /** @type {Record<string, string>} */ ({ mle: 'likelihood alone', nce: '+ NCE', corrected: '+ NCE, corrected', dpo: '+ DPO (beta 0.1)', random: '+ random negatives', shuffled: '+ labels shuffled' });

/** @param {number[]} values */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * One dot a seed: by how much an arm changes a measure against likelihood alone, relative.
 * @param {string} title
 * @param {{ title: string, rows: { arm: string, changes: number[] }[] }[]} blocks
 */
export function changePlot(title, blocks) {
  const [left, top, row, width, right] = [190, 50, 22, 520, 20];
  const far = Math.max(0.2, Math.ceil(10 * Math.max(...blocks.flatMap(({ rows }) => rows.flatMap(({ changes }) => changes.map(Math.abs))))) / 10);
  const x = (/** @type {number} */ value) => left + (width * (value + far)) / (2 * far);
  let y = top - row;
  const lines = blocks.flatMap((block) => {
    y += row;
    const head = `<text x="10" y="${y}" font-weight="bold">${block.title}</text>`;
    const rows = block.rows.flatMap(({ arm, changes }) => {
      y += row;
      const dots = changes.map((change) => `<circle cx="${x(change).toFixed(1)}" cy="${y - 4}" r="4" fill="#0072b2" fill-opacity="0.6"/>`);
      return [`<text x="${left - 10}" y="${y}" text-anchor="end">${ARM_NAMES[arm]}</text>`, `<line x1="${left}" x2="${left + width}" y1="${y - 4}" y2="${y - 4}" stroke="#eee"/>`, ...dots];
    });
    y += row;
    return [head, ...rows];
  });
  const height = y + 42;
  const marks = [-far, -0.1, 0, far].map((value) => `<line x1="${x(value)}" x2="${x(value)}" y1="${top - 10}" y2="${height - 40}" stroke="${value === 0 ? '#000' : '#d55e00'}" stroke-dasharray="${value === 0 ? '' : '3 3'}"/><text x="${x(value)}" y="${height - 24}" text-anchor="middle">${(100 * value).toFixed(0)} %</text>`);
  return [`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + right} ${height}" font-family="sans-serif" font-size="12" role="img" aria-label="${title}">`, '<rect width="100%" height="100%" fill="white"/>', `<text x="10" y="22" font-size="14">${title}</text>`, ...marks, ...lines, '</svg>', ''].join('\n');
}
