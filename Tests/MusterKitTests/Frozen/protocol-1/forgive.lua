-- forgive: what a session that lost its lease without dying says of itself: held -> queued for the jobs that nobody
-- took over; where somebody did, the crash that the job was blamed for was none, and buries nobody: dead -> queued.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 timeline (hash) 4 sessions (zset) 5 held:<session> (set) 6 suspects (hash)
--       7 calls (hash)
-- ARGV: 1 the session that was lost  then ids that it held
-- Answers {'ok', how many went back, how many were forgiven}.
-- Run twice: the second run finds nothing held, and no crash of that session.
-- The first write only frees memory: a full Redis lets the ones after it pass.
local jobs, timeline, held = KEYS[2], KEYS[3], KEYS[5]
local session = ARGV[1]
local ending = ' ended=' .. nowText .. ' outcome=lost error=lease-ended'
redis.call('ZREM', KEYS[4], session)
redis.call('HDEL', KEYS[6], session)
redis.call('HDEL', KEYS[7], session)
local back, forgiven, woken = 0, 0, {}
for _, id in ipairs(redis.call('SMEMBERS', held)) do
  redis.call('SREM', held, id)
  local record = redis.call('HGET', jobs, id)
  if record then
    local attempts = number_field(head_of(record), 'attempts', 0)
    record = remember(timeline, id, record, 'n=' .. (attempts + 1) .. ' by=' .. session .. ending)
    redis.call('HSET', jobs, id, record)
    local lane = give_back('LPUSH', id, record, session)
    if lane then woken[lane] = (woken[lane] or 0) + 1 end
    back = back + 1
  end
end
for lane, count in pairs(woken) do wake(base .. 'idle', lane, math.min(count, 8)) end
for i = 2, #ARGV do
  local id = ARGV[i]
  local record = redis.call('HGET', jobs, id)
  local lines = record and redis.call('HGET', timeline, id)
  local last = lines and string.match(lines, '[^\n]*$')
  if last and field(last, 'by') == session and field(last, 'outcome') == 'crashed' then
    local crashes = number_field(head_of(record), 'crashes', 0) - 1
    local was_buried = redis.call('ZREM', base .. 'dead', id) == 1
    record = without_field(record, 'crashes')
    if crashes > 0 then record = with_field(record, 'crashes', crashes) end
    -- Whom that crash buried is still one short of it.
    if not was_buried then record = without_field(record, 'suspect') end
    redis.call('HSET', jobs, id, record)
    if was_buried then wake(base .. 'idle', make_ready('LPUSH', base .. 'lanes', id, record), 1) end
    redis.call('HSET', timeline, id, string.sub(lines, 1, #lines - #last)
      .. string.gsub(last, ' outcome=crashed error=.*$', ' outcome=lost error=lease-ended'))
    forgiven = forgiven + 1
  end
end
return {'ok', back, forgiven}
