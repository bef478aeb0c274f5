// The map on our pages, in a browser.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BASE, BASIC, TOWN, USER, drawn, go, launch, open, rendered, require, same_as_source, signed_in, unique } from './support.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const info = (page) => page.textContent('#map .info');

test('from far off every part is counted once', async () => {
    const page = await signed_in(browser);
    const total = (await (await page.request.get(BASE + '/collections/parts/items?f=json&limit=1', { headers: BASIC })).json()).numberMatched;
    for (const zoom of [9, 10.4, 12]) {
        await go(page, TOWN, zoom);
        const rows = await rendered(page, 'parts-count', 'parts-dot');
        assert.equal(rows.reduce((sum, r) => sum + r[1], 0), total, `at ${zoom}`);
        assert.ok(rows.length > 1);
    }
    assert.deepEqual(page.faults, []);
    await page.close();
});

test('near by every part in view is drawn, and none besides', async () => {
    const page = await signed_in(browser);
    for (const [zoom, layer] of [[15.3, 'parts-dot'], [16.5, 'parts'], [18.2, 'parts']]) {
        await go(page, TOWN, zoom);
        await same_as_source(page, 'parts', layer);
    }
    assert.deepEqual(page.faults, []);
    await page.close();
});

test('outlines and Chinese names are drawn for who has not signed in, and no parts', async () => {
    const page = await open(browser);
    await page.goto(BASE + '/');
    await go(page, TOWN, 15.5);
    await same_as_source(page, 'grids', 'grids');
    for (const layer of ['streets-line', 'communities-line', 'grids-line', 'communities-name'])
        assert.ok((await rendered(page, layer)).length, layer);
    assert.equal(await page.$('#map input[name=parts]'), null);
    assert.deepEqual(page.faults, []);
    await page.close();
});

test('a layer goes and comes back, by mouse and by keyboard', async () => {
    const page = await signed_in(browser);
    await go(page, TOWN, 16.5);
    const all = (await rendered(page, 'parts')).length;
    const box = page.locator('#map input[name=parts]');
    assert.ok(all > 100);
    await box.click();
    await drawn(page);
    assert.equal((await page.evaluate(() => document.getElementById('map').map.queryRenderedFeatures())).filter((f) => f.sourceLayer === 'parts').length, 0);
    assert.ok((await rendered(page, 'grids')).length, 'the others stay');
    await page.focus('#map canvas');
    for (let i = 0; i < 9 && !(await box.evaluate((e) => e === document.activeElement)); i++)
        await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await drawn(page);
    assert.equal((await rendered(page, 'parts')).length, all);
    assert.deepEqual(page.faults, []);
    await page.close();
});

// A part that stands alone on the screen: its id, and where.
function lonely(page) {
    return page.evaluate(() => {
        const map = document.getElementById('map').map, view = map.getCanvas().getBoundingClientRect();
        const rows = map.queryRenderedFeatures({ layers: ['parts'] }).map((f) => ({ id: f.properties.id, ...map.project(f.geometry.coordinates) }));
        const one = rows.find((r) => r.x > 100 && r.y > 100 && r.x < view.width - 100 && r.y < view.height - 100 &&
            rows.every((o) => o.id === r.id || Math.hypot(o.x - r.x, o.y - r.y) > 25));
        return { ...one, x: one.x + view.x, y: one.y + view.y };
    });
}

test('a click tells what stands there and leads to its page, which shows it', async () => {
    const page = await signed_in(browser);
    await go(page, TOWN, 18);
    const part = await lonely(page);
    await page.mouse.click(part.x, part.y);
    await page.waitForSelector('#map .info a');
    assert.ok((await info(page)).includes(part.id));
    assert.equal(await page.getAttribute('#map .info a', 'href'), `${BASE}/collections/parts/items/${part.id}`);
    await page.click('#map .info a');
    await drawn(page);
    assert.ok((await page.textContent('h1')).includes('部件'));
    assert.deepEqual(unique(await rendered(page, 'picked-point')).length, 1);
    assert.ok(unique(await rendered(page, 'parts')).includes(part.id), 'the map opens on it');
    assert.deepEqual(page.faults, []);
    await page.close();
});

test('a click on a number goes nearer', async () => {
    const page = await signed_in(browser);
    await go(page, TOWN, 12);
    const at = await page.evaluate(() => {
        const map = document.getElementById('map').map, view = map.getCanvas().getBoundingClientRect();
        const p = map.project(map.queryRenderedFeatures({ layers: ['parts-count'] })[0].geometry.coordinates);
        return [p.x + view.x, p.y + view.y];
    });
    await page.mouse.click(...at);
    await page.waitForFunction(() => document.getElementById('map').map.getZoom() > 13.9);
    assert.ok((await info(page)).includes('部件'));
    await page.close();
});

test('a keyboard alone moves, zooms and asks', async () => {
    const page = await signed_in(browser);
    await go(page, TOWN, 18);
    const part = await lonely(page);
    await go(page, await page.evaluate((id) => document.getElementById('map').map.queryRenderedFeatures({ layers: ['parts'] })
        .find((f) => f.properties.id === id).geometry.coordinates, part.id), 18);
    await page.focus('#map canvas');
    assert.ok(await page.isVisible('#map .cross'));
    await page.keyboard.press('Enter');
    await page.waitForSelector('#map .info a');
    assert.ok((await info(page)).includes(part.id));
    const state = () => page.evaluate(() => [document.getElementById('map').map.getZoom(), document.getElementById('map').map.getCenter().lng]);
    const [zoom, lon] = await state();
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction((l) => document.getElementById('map').map.getCenter().lng > l, lon);
    await page.waitForFunction(() => !document.getElementById('map').map.isMoving());
    await page.keyboard.press('-');
    await page.waitForFunction((z) => document.getElementById('map').map.getZoom() <= z - 0.99, zoom);
    assert.deepEqual(page.faults, []);
    await page.close();
});

test('each collection has its map, and each kind of feature its own', async () => {
    const page = await signed_in(browser);
    for (const name of ['counties', 'streets', 'communities', 'grids', 'duties', 'parts']) {
        await page.goto(`${BASE}/collections/${name}`);
        await drawn(page);
        const { features } = await (await page.request.get(`${BASE}/collections/${name}/items?f=json&limit=1`, { headers: BASIC })).json();
        await page.goto(`${BASE}/collections/${name}/items/${features[0].id}`);
        await drawn(page);
        assert.ok((await rendered(page, 'picked-point', 'picked-area')).length, name);
    }
    assert.deepEqual(page.faults, []);
    await page.close();
});

test('on a small office screen map and layers are in sight at once, and nothing is too wide', async () => {
    const page = await signed_in(browser);
    for (const selector of ['#map canvas', '#map fieldset']) {
        const box = await page.locator(selector).boundingBox();
        assert.ok(box.y >= 0 && box.y + box.height <= 768 && box.x + box.width <= 1366, `${selector} ${JSON.stringify(box)}`);
    }
    for (const width of [1366, 683, 400]) { // 683: as at 200 %
        await page.setViewportSize({ width, height: 768 });
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width}`);
    }
    await page.close();
});

test('nothing stands in the way of a screen reader or weak eyes', async () => {
    const page = await signed_in(browser);
    await go(page, TOWN, 18);
    await page.focus('#map canvas');
    await page.keyboard.press('Enter');
    await page.evaluate(require('axe-core').source);
    const found = await page.evaluate(() => window.axe.run());
    assert.deepEqual(found.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]), []);
    assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
    await page.close();
});

test('a password in the address is taken out of it, and the map is drawn', async () => {
    const page = await open(browser);
    await page.goto(BASE.replace('//', `//${USER.username}:${USER.password}@`) + '/collections/cases');
    await drawn(page);
    assert.equal(await page.evaluate(() => document.URL.includes('@')), false);
    assert.equal((await page.content()).includes(USER.password), false);
    await page.close();
});

test('without scripts the page is what it was', async () => {
    const page = await open(browser, { javaScriptEnabled: false });
    await page.goto(BASE + '/');
    assert.ok(await page.isHidden('#map'));
    assert.ok(await page.isVisible(`a[href="${BASE}/collections"]`));
    assert.deepEqual(page.faults, []);
    await page.close();
});

test('without WebGL the page says so, and is whole', async () => {
    const plain = await launch('--disable-3d-apis');
    const page = await open(plain);
    await page.goto(BASE + '/');
    await page.waitForFunction(() => document.querySelector('#map .info').textContent.includes('WebGL'));
    assert.ok(await page.isHidden('#map fieldset'));
    assert.ok(await page.isVisible(`a[href="${BASE}/collections"]`));
    await plain.close();
});
