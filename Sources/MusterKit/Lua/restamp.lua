-- restamp: queued -> queued in another lane: what an older build may have after all, or what asked for no build on trial.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 lanes (zset) 4 idle (zset)
-- ARGV: 1 lane  2 how many jobs to look at  3 the other lane, '' for the one that each job asked for first
--       4 what to move: ',type@schema,type@,' with the fingerprint where the job has one, or '*'
-- Answers {'ok', how many were looked at, how many moved}. Those that stay go to the lane's end, so that as many looks
--       as it has jobs leave them in their order.
-- Run twice: the second run looks at the jobs after those.
local jobs, lanes, idle = KEYS[2], KEYS[3], KEYS[4]
local lane, target, types = ARGV[1], ARGV[3], ARGV[4]
local ids = redis.call('LPOP', base .. 'lane:' .. lane, ARGV[2]) or {}
local moved, woken = 0, {}
for _, id in ipairs(ids) do
  local record = redis.call('HGET', jobs, id)
  local head = record and head_of(record) or ''
  local to = target ~= '' and target or field(head, 'asked')
  local what = ',' .. (field(head, 'type') or '') .. '@' .. (field(head, 'schema') or '') .. ','
  if record and to and (types == '*' or string.find(types, what, 1, true)) then
    record = with_field(without_field(record, 'asked'), 'lane', to)
    redis.call('HSET', jobs, id, record)
    woken[make_ready('RPUSH', lanes, id, record)] = true
    moved = moved + 1
  else
    redis.call('RPUSH', base .. 'lane:' .. lane, id)
  end
end
if redis.call('EXISTS', base .. 'lane:' .. lane) == 0 then redis.call('ZREM', lanes, lane) end
for to in pairs(woken) do wake(idle, to, 8) end
return {'ok', #ids, moved}
