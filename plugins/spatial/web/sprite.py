"""Symbols as a map's style finds them: one picture at 1x and 2x, and where in it each one is. sprite.py RSVG-CONVERT SVG FOLDER"""
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def main():
    rsvg, source, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    root = xml.parse(source).getroot()
    side = int(root.get("height"))
    for scale, name in ((1, "sprite"), (2, "sprite@2x")):
        index = {}
        for g in root.findall("{http://www.w3.org/2000/svg}g"):
            x = int(re.fullmatch(r"(?:translate\((\d+)\))?", g.get("transform", ""))[1] or 0)
            index[g.get("id")] = {"x": x * scale, "y": 0, "width": side * scale, "height": side * scale, "pixelRatio": scale}
        (folder / f"{name}.json").write_text(json.dumps(index), encoding="utf-8")
        subprocess.run([rsvg, "-z", str(scale), "-o", folder / f"{name}.png", source], check=True)


if __name__ == "__main__":
    main()
