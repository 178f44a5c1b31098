-- rights: which commands this account may not run on a queue's keys. Reads only: it asks, and runs none of them.
-- KEYS: 1 meta (hash) 2 jobs (hash)
-- ARGV: commands
-- Answers {'ok', those it may not run} or {'unknown'}: the server cannot be asked (Redis 6.2).
if not redis.acl_check_cmd then return {'unknown'} end
local refused = {}
for _, command in ipairs(ARGV) do
  local on_channel = command == 'PUBLISH' or command == 'SUBSCRIBE'
  local asked, allowed = pcall(redis.acl_check_cmd, command, on_channel and base .. 'wake:doctor' or KEYS[2], '0', '0')
  if asked and not allowed then refused[#refused + 1] = command end
end
return {'ok', refused}
