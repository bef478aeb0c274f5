-- The map in PostGIS, each question with the table that serves it best: in degrees, in metres (Gauss-Krüger is conformal, so the
-- nearest there are the nearest on the ground), in the tiles' system. Rows lie along their index. ogr2ogr has made raw_*.
CREATE TABLE parts AS SELECT id, name, category, state, owner_unit, ordate, geom FROM raw_parts;
CREATE INDEX parts_at ON parts USING gist (geom);
CLUSTER parts USING parts_at;
CREATE TABLE parts_m AS SELECT id, name, ST_Transform(geom, 4549) AS geom FROM parts;
CREATE INDEX parts_m_at ON parts_m USING gist (geom);
CLUSTER parts_m USING parts_m_at;
CREATE TABLE parts_web AS SELECT id, name, category, state, owner_unit, ordate, ST_Transform(geom, 3857) AS geom FROM parts;
CREATE INDEX parts_web_at ON parts_web USING gist (geom);
CLUSTER parts_web USING parts_web_at;
CREATE TABLE grids AS SELECT id, name, community, ordate, geom FROM raw_grids;
CREATE INDEX grids_at ON grids USING gist (geom);
CLUSTER grids USING grids_at;
DROP TABLE raw_parts, raw_grids;
VACUUM ANALYZE;
