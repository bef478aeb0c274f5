// Our style in somebody else's page: MapLibre as it comes, from another origin, with nothing of ours around it.
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { BASE, ROOT, TOWN, drawn, launch, open, rendered, same_as_source } from './support.mjs';

const FILES = ROOT + 'build-npm/node_modules/maplibre-gl/dist/';
const PAGE = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><link rel="stylesheet" href="maplibre-gl.css">
<div id="map" style="height: 600px" data-base="${BASE}"></div><script src="maplibre-gl.js"></script><script>
const root = document.getElementById('map');
root.map = new maplibregl.Map({ container: root, style: '${BASE}/styles/map', center: ${JSON.stringify(TOWN)}, zoom: 15.5 });
root.map.on('load', () => root.setAttribute('data-ready', ''));
</script>`;

let browser, server, home;
before(async () => {
    browser = await launch();
    server = createServer((ask, answer) => {
        const name = ask.url.slice(1);
        answer.setHeader('Content-Type', name.endsWith('.css') ? 'text/css' : name ? 'text/javascript' : 'text/html');
        if (['maplibre-gl.js', 'maplibre-gl.css'].includes(name))
            createReadStream(FILES + name).pipe(answer);
        else
            answer.end(PAGE);
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    home = `http://127.0.0.1:${server.address().port}`;
});
after(async () => {
    await browser.close();
    server.close();
});

test('the style is enough for a page of another origin', async () => {
    const page = await open(browser, { home });
    await page.goto(home + '/');
    await drawn(page);
    await same_as_source(page, 'grids', 'grids');
    for (const layer of ['streets-line', 'communities-name'])
        assert.ok((await rendered(page, layer)).length, layer);
    assert.ok(await page.evaluate(() => document.getElementById('map').map.hasImage('part-tree')), 'symbols came');
    assert.deepEqual(page.faults, []);
    await page.close();
});
