-- Cases as a sane author would keep them, filed and with a limit; psql -v cases=N.
CREATE TABLE cases (
  id bigint PRIMARY KEY, number text NOT NULL, version int NOT NULL, kind smallint NOT NULL, category text NOT NULL,
  category_name text NOT NULL, condition text, source text NOT NULL, state text NOT NULL, unit text, proposed text,
  opened timestamptz NOT NULL, filed timestamptz, due timestamptz, changed timestamptz, lon_e7 int NOT NULL,
  lat_e7 int NOT NULL, grid text NOT NULL, address text, description text, reporter text NOT NULL, rules text NOT NULL
);
CREATE TABLE event (
  n bigserial PRIMARY KEY, case_id bigint NOT NULL, at timestamptz NOT NULL DEFAULT now(), by_user text NOT NULL,
  role text NOT NULL, act text NOT NULL, body jsonb NOT NULL
);
INSERT INTO cases
SELECT i, '绩数管案〔2026〕' || lpad(i::text, 6, '0') || '号', 3, 1, '0111', '积存垃圾渣土', '1', 'collector', 'filed', NULL, 'u-341824100',
       now(), now(), now() + interval '5 days', now(), 1185880000 + i % 40000, 300620000 + i % 60000,
       '3418241000' || lpad((i % 90000)::text, 5, '0'), '华阳镇某路' || i % 900 || '号门前',
       '街边积存垃圾渣土，未见清运车辆（第' || i || '处）', 'c-001', 'b2:66JwP5If5Kx_1bIvxVyBJQ'
FROM generate_series(1, :cases) AS i;
CREATE INDEX ON cases (state);
CREATE INDEX ON cases (unit);
CREATE INDEX ON event (case_id);
VACUUM ANALYZE cases;
CHECKPOINT;
