"""Mapbox Vector Tile 2.1 decoded, for tests: strict where the specification is, unless the tile is somebody else's."""
import struct


def varints(data):
    at, out = 0, []
    while at < len(data):
        value, at = varint(data, at)
        out.append(value)
    return out


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, value) of a message; nested ones as bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1:
            value, at = data[at:at + 8], at + 8
        elif kind == 2:
            n, at = varint(data, at)
            assert at + n <= len(data), "a field reaches past the end"
            value, at = data[at:at + n], at + n
        elif kind == 5:
            value, at = data[at:at + 4], at + 4
        else:
            raise ValueError(f"wire type {kind}")
        yield key >> 3, value


def zag(v):
    return (v >> 1) ^ -(v & 1)


def value(data):
    [(number, v)] = fields(data)
    return {1: lambda: v.decode(), 2: lambda: struct.unpack("<f", v)[0], 3: lambda: struct.unpack("<d", v)[0],
            4: lambda: v - (1 << 64) if v >> 63 else v, 5: lambda: v, 6: lambda: zag(v), 7: lambda: bool(v)}[number]()


def geometry(kind, codes, strict=True):
    """Points, lines, or polygons as lists of rings; checks commands, counts, areas and winding."""
    x = y = at = 0
    parts, part = [], []
    while at < len(codes):
        command, count, at = codes[at] & 7, codes[at] >> 3, at + 1
        assert count > 0
        if command == 7:
            assert kind == 3 and count == 1 and len(part) >= 3
            parts.append(part)
            part = []
            continue
        assert command in (1, 2)
        if command == 1 and kind != 1:
            assert count == 1
            if part:
                parts.append(part)
            part = []
        for _ in range(count):
            dx, dy, at = zag(codes[at]), zag(codes[at + 1]), at + 2
            assert not strict or command == 1 or (dx, dy) != (0, 0), "a line to where it is"
            x, y = x + dx, y + dy
            part.append((x, y))
    if kind != 3:
        if part:
            parts.append(part)
        return [p for line in parts for p in line] if kind == 1 else parts
    assert not part, "a ring is never closed"
    polygons = []
    for ring in parts:
        twice = sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1]))
        assert not strict or twice != 0, "a ring without an area"
        if twice > 0 or not (strict or polygons):
            polygons.append([ring])
        else:
            polygons[-1].append(ring)
    return polygons


def decode(data, strict=True):
    """{layer: {"extent", "features": [{"id", "kind", "geometry", "properties"}]}}"""
    layers = {}
    for number, body in fields(data):
        assert number == 3
        name = extent = None
        keys, values, features = [], [], []
        for k, v in fields(body):
            if k == 15:
                assert v == 2
            elif k == 1:
                name = v.decode()
            elif k == 2:
                features.append(dict(fields(v)))
            elif k == 3:
                keys.append(v.decode())
            elif k == 4:
                values.append(value(v))
            elif k == 5:
                extent = v
        assert name not in layers and features and len(set(keys)) == len(keys)
        assert not strict or len({(type(v), v) for v in values}) == len(values), "a value twice"
        out = []
        for f in features:
            tags = varints(f.get(2, b""))
            assert len(tags) % 2 == 0
            out.append({"id": f.get(1), "kind": f[3], "geometry": geometry(f[3], varints(f[4]), strict),
                        "properties": {keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2])}})
        layers[name] = {"extent": extent, "features": out}
    return layers
