// A browser with a page that notes what goes wrong. tests/browser_test.py starts the city and says where it is.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const require = createRequire(ROOT + 'build-npm/here.js');
export const BASE = process.env.MAP_BASE; // http://127.0.0.1:PORT/ogc/341824
export const USER = { username: process.env.MAP_USER, password: process.env.MAP_PASSWORD };
export const BASIC = { Authorization: 'Basic ' + Buffer.from(`${USER.username}:${USER.password}`).toString('base64') };
export const TOWN = [118.592, 30.0665]; // where the parts are dense

const { chromium } = require('playwright-core');
const HARMLESS = /GL Driver Message|GPU stall/; // said of drawing by the processor, since a test machine has no graphics

export function launch(...more) {
    return chromium.launch({
        executablePath: '/usr/bin/chromium',
        args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', ...more],
    });
}

// faults: what a console shows as an error or warning, answers of 400 and more, requests to another origin than the server's
// and, where that is another's, the page's.
export async function open(browser, { user = null, home = BASE, ...options } = {}) {
    const near = [BASE, home].map((url) => new URL(url).origin);
    const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, httpCredentials: user || undefined, ...options });
    const page = await context.newPage();
    page.faults = [];
    page.on('console', (m) => ['error', 'warning'].includes(m.type()) && !HARMLESS.test(m.text()) && page.faults.push(m.text()));
    page.on('pageerror', (e) => page.faults.push(e.message));
    page.on('response', (r) => r.status() >= 400 && page.faults.push(`${r.status()} ${r.url()}`));
    page.on('request', (r) => /^https?:/.test(r.url()) && !near.includes(new URL(r.url()).origin) && page.faults.push('elsewhere: ' + r.url()));
    return page;
}

// Signed in as a person does it: by the link on the page, and the browser's own question.
export async function signed_in(browser, options) {
    const page = await open(browser, { user: USER, ...options });
    await page.goto(BASE + '/login');
    assert.equal(page.url(), BASE + '/');
    await drawn(page);
    return page;
}

// All that belongs into the view is there.
export async function drawn(page) {
    await page.waitForSelector('#map[data-ready]');
    await page.evaluate(() => new Promise((done) => {
        const map = document.getElementById('map').map;
        map.once('idle', done);
        map.triggerRepaint();
    }));
}

export async function go(page, center, zoom) {
    await page.evaluate(([c, z]) => document.getElementById('map').map.jumpTo({ center: c, zoom: z }), [center, zoom]);
    await drawn(page);
}

// Features of the style's layers as [id or null, how many it stands for].
export function rendered(page, ...layers) {
    return page.evaluate((names) => {
        const map = document.getElementById('map').map, view = map.getBounds();
        return map.queryRenderedFeatures({ layers: names })
            .filter((f) => f.geometry.type !== 'Point' || view.contains(f.geometry.coordinates))
            .map((f) => [f.properties.id || null, f.properties.point_count || 1]);
    }, layers);
}

// What the source has in the view is drawn and nothing else, but for what lies within a metre of its edge: tiles round.
export async function same_as_source(page, collection, layer) {
    const ids = (slack) => page.evaluate(async ([name, s]) => {
        const { map, dataset } = document.getElementById('map'), b = map.getBounds();
        const box = [b.getWest() - s, b.getSouth() - s, b.getEast() + s, b.getNorth() + s].join(',');
        const answer = await fetch(`${dataset.base}/collections/${name}/items?f=json&limit=10000&bbox=${box}`);
        return (await answer.json()).features.map((f) => f.id);
    }, [collection, slack]);
    const [inner, outer, got] = [await ids(-1e-5), await ids(1e-5), unique(await rendered(page, layer))];
    assert.ok(inner.length > 10, `${inner.length} of ${collection}`);
    assert.deepEqual(inner.filter((id) => !got.includes(id)), [], `not drawn, of ${inner.length}`);
    assert.deepEqual(got.filter((id) => !outer.includes(id)), [], `drawn and not there, of ${got.length}`);
}

export const unique = (rows) => [...new Set(rows.map((r) => r[0]))].sort();
