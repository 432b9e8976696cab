-- Keys of the API, as they were before people had their own. A statement a line.
insert into api_keys (key_digest, installation, prefix, name, scope, created_by, created_at, expires_at, used_at) values ('5a7f', '1002', 'dg_live_5f0c11d2', 'nightly', 'write', 'alice', 1795537800000, 0, 0);
insert into api_keys (key_digest, installation, prefix, name, scope, created_by, created_at, expires_at, used_at) values ('5a80', '1002', 'dge_0a1b2c3d', 'bridge', 'events', '', 1795537800000, 0, 0);
