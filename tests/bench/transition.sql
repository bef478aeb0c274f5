\set id random(1, :cases)
BEGIN;
SELECT state, unit, version, kind, category, due FROM cases WHERE id = :id FOR UPDATE;
UPDATE cases SET state = 'dispatched', unit = 'u-cg', version = version + 1, changed = now() WHERE id = :id;
INSERT INTO event (case_id, by_user, role, act, body) VALUES (:id, 'p-001', 'dispatcher', 'dispatch', '{"in":{"unit":"u-cg"},"rev":"b2:66JwP5If5Kx_1bIvxVyBJQ","out":[{"k":"go","to":"dispatched","role":"dispatcher","why":["按流程「派遣」","std/flow.lua",12]},{"k":"set","unit":"u-cg"}]}');
COMMIT;
