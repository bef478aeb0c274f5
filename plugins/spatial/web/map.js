/* The map on a page: what the server's tiles show, layer by layer, and what stands behind a feature. Plain, for browsers some years
 * old. The page is whole without it; #map says where things are: data-base, data-style, data-worker, data-box, data-feature. */
'use strict';

(function () {
    var root = document.getElementById('map');
    var WORDS = {
        'NavigationControl.ZoomIn': '放大', 'NavigationControl.ZoomOut': '缩小', 'Map.Title': '地图', 'ScaleControl.Meters': '米',
        'ScaleControl.Kilometers': '公里', 'AttributionControl.ToggleAttribution': '出处'
    };
    var NAMES = {
        id: '编码', name: '名称', code: '代码', category: '类别', state: '状态', owner_unit: '权属单位', unit: '责任单位', ordate: '普查日期',
        county: '县区', street: '街道', community: '社区', area_m2: '面积（平方米）', address: '地址', kind: '种类', point_count: '个数'
    };
    var CLASSES = [['01', '公用设施'], ['cover', '井盖'], ['lamp', '路灯'], ['02', '道路交通'], ['03', '市容环境'], ['bin', '垃圾箱'],
        ['04', '园林绿化'], ['tree', '树木'], ['05', '其他部件']];
    var LAMPS = [['green', '办', '在时限内'], ['yellow', '急', '将到时限'], ['red', '超', '已超时限'], ['blue', '批', '待批复'], ['grey', '停', '已停表'],
        ['closed', '结', '已结案']];
    var OUTLINE = ['counties', 'streets', 'communities', 'duties', 'grids']; /* the later one is the nearer answer */
    var NOTHING = { type: 'FeatureCollection', features: [] };
    var map, layers, info;

    function element(parent, tag, text, attributes) {
        var e = document.createElement(tag);
        if (text)
            e.textContent = text;
        Object.keys(attributes || {}).forEach(function (k) { e.setAttribute(k, attributes[k]); });
        parent.appendChild(e);
        return e;
    }

    function say(text) {
        info.textContent = text;
    }

    function json(url) {
        return fetch(url, { headers: { Accept: 'application/geo+json, application/json' } }).then(function (answer) {
            if (!answer.ok)
                throw new Error('HTTP ' + answer.status);
            return answer.json();
        });
    }

    /* ---- layers ---- */

    function toggle(id, on) {
        map.getStyle().layers.forEach(function (layer) {
            if (layer['source-layer'] === id)
                map.setLayoutProperty(layer.id, 'visibility', on ? 'visible' : 'none');
        });
    }

    function list_layers(tilejson) {
        tilejson.vector_layers.slice().reverse().forEach(function (layer) {
            var label = element(layers, 'label'), box = element(label, 'input', '', { type: 'checkbox', name: layer.id, checked: '' });
            element(label, 'span', '', { 'class': 'key ' + layer.id });
            label.appendChild(document.createTextNode(layer.description || layer.id));
            box.addEventListener('change', function () { toggle(layer.id, box.checked); });
            if (layer.id === 'parts')
                list_classes();
            else if (layer.id === 'cases')
                list_lamps();
        });
    }

    function list_lamps() {
        var list = element(layers, 'ul', '', { 'aria-label': '案卷图例' });
        LAMPS.forEach(function (l) {
            var item = element(list, 'li');
            element(item, 'span', l[1], { 'class': 'lamp ' + l[0], 'aria-hidden': 'true' });
            item.appendChild(document.createTextNode(l[2]));
        });
    }

    function list_classes() {
        var list = element(layers, 'ul', '', { 'aria-label': '部件图例' });
        CLASSES.forEach(function (c) {
            element(element(list, 'li'), 'span', '', { 'class': 'symbol part-' + c[0] }).parentNode.appendChild(
                document.createTextNode(c[1]));
        });
        element(element(list, 'li'), 'span', '', { 'class': 'key broken' }).parentNode.appendChild(
            document.createTextNode('破损、丢失、废弃'));
    }

    /* ---- what stands behind a feature ---- */

    function page_of(collection, id) {
        return root.dataset.base + '/collections/' + collection + '/items/' + encodeURIComponent(id);
    }

    function table(properties) {
        var rows = element(element(info, 'table'), 'tbody');
        Object.keys(properties).forEach(function (k) {
            var row;
            if (properties[k] === null)
                return;
            row = element(rows, 'tr');
            element(row, 'th', NAMES[k] || k, { scope: 'row' });
            element(row, 'td', String(properties[k]));
        });
    }

    function outline(feature) {
        map.getSource('picked').setData(feature);
    }

    function add_outline() {
        var point = ['==', ['geometry-type'], 'Point'];
        map.addSource('picked', { type: 'geojson', data: NOTHING });
        map.addLayer({ id: 'picked-area', type: 'fill', source: 'picked', filter: ['==', ['geometry-type'], 'Polygon'],
            paint: { 'fill-color': '#e08a00', 'fill-opacity': 0.12 } });
        map.addLayer({ id: 'picked-line', type: 'line', source: 'picked', filter: ['!', point],
            paint: { 'line-color': '#c2410c', 'line-width': 2.5 } });
        map.addLayer({ id: 'picked-point', type: 'circle', source: 'picked', filter: point,
            paint: { 'circle-radius': 14, 'circle-opacity': 0, 'circle-stroke-color': '#c2410c', 'circle-stroke-width': 3 } });
    }

    function show(title, page, feature) {
        say('');
        element(info, 'h2', feature.properties.name || title);
        table(Object.assign({ id: feature.id }, feature.properties));
        element(element(info, 'p'), 'a', title + '的网页', { href: page });
        outline(feature);
    }

    function title_of(collection) {
        return layers.querySelector('[name="' + collection + '"]').parentNode.textContent;
    }

    function pick(point) {
        var near = [[point.x - 6, point.y - 6], [point.x + 6, point.y + 6]], found = map.queryRenderedFeatures(near);
        var distance = function (f) {
            var at = f.geometry.type === 'Point' ? map.project(f.geometry.coordinates) : null;
            return at ? Math.hypot(at.x - point.x, at.y - point.y) : 1e3 - OUTLINE.indexOf(f.sourceLayer);
        };
        found = found.filter(function (f) { return f.source === 'wangge'; });
        found.sort(function (a, b) { return distance(a) - distance(b); });
        if (!found.length) {
            outline(NOTHING);
            say('这里没有要素。');
        } else if (found[0].properties.point_count) {
            map.easeTo({ center: found[0].geometry.coordinates, zoom: Math.min(map.getZoom() + 2, 17) });
            say(found[0].properties.point_count + ' 个' + title_of(found[0].sourceLayer) + '；已放大。');
        } else {
            var page = page_of(found[0].sourceLayer, found[0].properties.id);
            json(page).then(function (feature) {
                show(title_of(found[0].sourceLayer), page, feature);
            }, function (error) {
                say('读不到这个要素：' + error.message);
            });
        }
    }

    /* ---- the map ---- */

    function box_of(feature) {
        var box = new maplibregl.LngLatBounds();
        (function walk(c) {
            if (typeof c[0] === 'number')
                box.extend(c);
            else
                c.forEach(walk);
        })(feature.geometry.coordinates);
        return box;
    }

    /* A tab stop of its own; Enter asks what is in the middle, which a cross marks. */
    function listen(view) {
        var canvas = map.getCanvas();
        canvas.setAttribute('aria-label', '地图：方向键移动，加减号缩放，回车查看中心处');
        canvas.addEventListener('keydown', function (e) {
            if (e.key === 'Enter')
                pick(map.project(map.getCenter()));
        });
        element(view, 'div', '', { 'class': 'cross', 'aria-hidden': 'true' });
        map.on('click', function (e) { pick(e.point); });
    }

    function start(view, tilejson, feature) {
        maplibregl.setWorkerUrl(root.dataset.worker);
        map = new maplibregl.Map({
            container: view, style: root.dataset.style, locale: WORDS, hash: true, maxPitch: 0, dragRotate: false, attributionControl: false,
            bounds: feature ? box_of(feature) : root.dataset.box ? root.dataset.box.split(',').map(Number) : tilejson.bounds,
            fitBoundsOptions: { padding: 24, maxZoom: 17 }
        });
        map.touchZoomRotate.disableRotation();
        map.keyboard.disableRotation();
        map.addControl(new maplibregl.NavigationControl({ showCompass: false }));
        map.addControl(new maplibregl.ScaleControl());
        root.map = map;
        listen(view);
        list_layers(tilejson);
        map.on('load', function () {
            add_outline();
            if (feature)
                outline(feature);
            root.setAttribute('data-ready', '');
        });
    }

    function begin() {
        var view = element(root, 'div', '', { 'class': 'view' }), side = element(root, 'div', '', { 'class': 'side' });
        layers = element(side, 'fieldset');
        info = element(side, 'div', '', { 'class': 'info', role: 'status' });
        element(layers, 'legend', '图层');
        root.hidden = false;
        say('点地图上的要素，或让地图得到焦点后按回车。');
        Promise.all([json(root.dataset.base + '/tilejson'), root.dataset.feature === undefined ? null : json(location.pathname)])
            .then(function (got) {
                start(view, got[0], got[1]);
            })
            .catch(function (error) {
                view.hidden = layers.hidden = true;
                say('这个浏览器画不出地图（' + (error.message.indexOf('WebGL') >= 0 ? '没有 WebGL' : error.message) + '）；下面的列表一样可用。');
            });
    }

    /* A password in the address, as a bookmark may have it: the browser knows it now, and lets nothing go on under such an address. */
    if (/^\w+:\/\/[^/?#]*@/.test(document.URL))
        location.replace(location.origin + location.pathname + location.search + location.hash);
    else if (root && window.maplibregl)
        begin();
})();
