-- rights: which commands this account may not run on a queue's keys. Reads only: it asks, and runs none of them.
-- KEYS: 1 meta (hash) 2 jobs (hash)
-- ARGV: commands
-- Answers {'ok', those it may not run} or {'unknown'}: the server cannot be asked (Redis 6.2).
if not redis.acl_check_cmd then return {'unknown'} end
local refused = {}
for _, command in ipairs(ARGV) do
  -- One key or channel and no more: any further word may be taken for another key.
  local words = {KEYS[2]}
  if command == 'PUBLISH' or command == 'SUBSCRIBE' then words = {base .. 'wake:doctor'} end
  if command == 'EVALSHA' then words = {'0', '1', KEYS[2]} end
  local asked, allowed = pcall(redis.acl_check_cmd, command, unpack(words))
  if asked and not allowed then refused[#refused + 1] = command end
end
return {'ok', refused}
