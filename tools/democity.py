#!/usr/bin/env python3
"""Write the base data of the demo city: democity.py OUT_DIR [--seed N].

Real codes and names, made-up everything else; the same seed gives the same bytes.
"""
import argparse
from pathlib import Path

from demo_city import day, layers, parts, staff, write

CITY = "341800"


def write_county(out, its, seed):
    """One county's folder."""
    out.mkdir(parents=True, exist_ok=True)
    write.geojson(out / "streets.geojson", its.streets)
    write.geojson(out / "communities.geojson", its.communities)
    write.geojson(out / "grids.geojson", its.grids)
    write.geojson(out / "duties.geojson", its.duties)
    rows, units = parts.make(its, seed), staff.units(its)
    write.parts_csv(out / "parts.csv", rows)
    write.records(out / "units.json", units)
    write.table(out / "owners.json", staff.OWNERS)
    write.records(out / "people.json", staff.people(units))
    write.records(out / "day.json", day.make(its, rows, seed))


def write_city(out, counties):
    """The city's folder: its counties, its centre, its accounts."""
    out.mkdir(parents=True, exist_ok=True)
    write.geojson(out / "counties.geojson", [its.county for its in counties])
    write.records(out / "units.json", staff.city_units())
    write.records(out / "people.json", staff.city_people())


def main():
    """Parse the command line and write everything."""
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("out", type=Path, help="folder to write to")
    args.add_argument("--seed", type=int, default=1, help="another seed, another city (default 1)")
    args = args.parse_args()
    counties = layers.build(args.seed)
    write_city(args.out / CITY, counties)
    for its in counties:
        write_county(args.out / its.code, its, args.seed)
    (args.out / "README.txt").write_text(write.README, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
