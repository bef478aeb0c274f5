// ogc-client, which the geographers' portals in JavaScript read services with.
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';
import { BASE, BASIC, require } from './support.mjs';

const { OgcApiEndpoint, WfsEndpoint, enableFallbackWithoutWorker, setFetchOptions } =
    await import(pathToFileURL(require.resolve('@camptocamp/ogc-client')));
enableFallbackWithoutWorker?.();
setFetchOptions({ headers: BASIC });
const api = new OgcApiEndpoint(BASE);

test('it knows what kind of service this is', async () => {
    assert.match((await api.info).title, /网格/);
    assert.equal(await api.hasFeatures, true);
    assert.ok((await api.conformanceClasses).includes('http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core'));
    assert.deepEqual((await api.featureCollections).sort(), ['cases', 'communities', 'counties', 'duties', 'grids', 'parts', 'streets']);
});

test('it reads what is said of a collection', async () => {
    const info = await api.getCollectionInfo('parts');
    assert.equal(info.title, '部件');
    assert.equal(info.itemCount, 20000);
    assert.ok(info.queryables.some((q) => q.name === 'category'), JSON.stringify(info.queryables));
    assert.ok(info.sortables.length);
    assert.ok(info.crs.length > 3);
});

test('it pages through a collection, and each comes once', async () => {
    const seen = new Set();
    for (let offset = 0; ; offset += 100) {
        const page = await api.getCollectionItems('grids', 100, offset);
        page.forEach((f) => seen.add(f.id));
        if (page.length < 100)
            break;
    }
    assert.equal(seen.size, 475);
});

test('it finds one feature by its id', async () => {
    const [some] = await api.getCollectionItems('parts', 1);
    assert.deepEqual((await api.getCollectionItem('parts', some.id)).properties, some.properties);
});
