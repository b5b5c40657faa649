SELECT r.rolsuper,
       pg_get_userbyid(c.relowner) = current_user,
       CASE WHEN inet_server_addr() IS NULL THEN NULL ELSE COALESCE(s.ssl, false) END,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
  FROM pg_roles r
  JOIN pg_class c ON c.oid = 'events'::regclass
  LEFT JOIN pg_stat_ssl s ON s.pid = pg_backend_pid()
 WHERE r.rolname = current_user
