import { accessSync, constants, createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** A Chromium on PATH, or null: no test downloads one. */
export const chromiumPath: string | null =
  (process.env['PATH'] ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram) ?? null;

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const TYPES: [end: string, type: string][] = [['js', 'text/javascript'], ['html', 'text/html']];

/** Serves on loopback what `resolve` finds for a path: a file, or null. */
export async function serve(resolve: (path: string) => string | null): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const file = resolve(new URL(request.url ?? '/', 'http://localhost').pathname);
    if (file === null || !existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES.find(([end]) => file.endsWith(end))?.[1] ?? 'text/javascript' });
    return createReadStream(file).pipe(response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((closed) => server.close(() => closed())),
  };
}

/** The text of a page's `<pre>` once there is some. Throws what the page threw. */
export async function textOfPage(url: string): Promise<string> {
  const browser = await chromium.launch({ executablePath: chromiumPath as string, args: ['--headless', '--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage();
    const failed = new Promise<never>((_, reject) => page.on('pageerror', reject));
    await page.goto(url);
    const shown = page.waitForFunction("document.querySelector('pre').textContent").then(async (handle) => String(await handle.jsonValue()));
    return await Promise.race([shown, failed]);
  } finally {
    await browser.close();
  }
}
