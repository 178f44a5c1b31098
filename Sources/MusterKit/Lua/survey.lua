-- survey: a chunk of the live jobs' ids, and which of them are odd: no job's record, or with an outcome too. Reads only.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 buckets (zset)
-- ARGV: 1 where the last chunk ended, 0 to begin
-- Answers {'ok', where to go on, 0 at the end, ids, odd ids}.
local chunk = redis.call('HSCAN', KEYS[2], ARGV[1], 'COUNT', 200)
local done = {}
for _, bucket in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do done[#done + 1] = base .. 'done:' .. bucket end
local ids, odd = {}, {}
for i = 1, #chunk[2], 2 do
  local id, record = chunk[2][i], chunk[2][i + 1]
  ids[#ids + 1] = id
  local is_odd = not is_readable(record)
  for _, key in ipairs(done) do
    if redis.call('HEXISTS', key, id) == 1 then is_odd = true end
  end
  if is_odd then odd[#odd + 1] = id end
end
return {'ok', chunk[1], ids, odd}
