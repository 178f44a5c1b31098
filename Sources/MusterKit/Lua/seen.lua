-- seen: notes that somebody who wanted a job's outcome has read it. Nothing depends on it: a full Redis leaves it out.
-- KEYS: 1 meta (hash) 2 buckets (zset) 3 done-bytes (hash)
-- ARGV: 1 id 2 who
-- Answers {'ok', how often it was seen}; 0: no outcome of it is kept, or Redis is full.
-- Run twice: counts once more; who was first stays.
local id, who = ARGV[1], ARGV[2]
for _, bucket in ipairs(redis.call('ZREVRANGE', KEYS[2], 0, -1)) do
  if redis.call('HEXISTS', base .. 'done:' .. bucket, id) == 1 then
    local key = base .. 'seen:' .. bucket
    local count, first, by = string.match(redis.call('HGET', key, id) or '', '^(%d+) (%d+) %d+ ([^ ]+)')
    local is_new = redis.call('EXISTS', key) == 0
    local text = string.format('%.0f', tonumber(count or 0) + 1)
    local entry = text .. ' ' .. (first or nowText) .. ' ' .. nowText .. ' ' .. (by or who) .. ' ' .. who
    local written = redis.pcall('HSET', key, id, entry)
    if type(written) == 'table' and written.err then return {'ok', 0} end
    -- It goes with the outcome, and counts against the same bound.
    if is_new then
      redis.call('PEXPIREAT', key, string.format('%.0f', redis.call('ZSCORE', KEYS[2], bucket)))
    end
    if not count then redis.call('HINCRBY', KEYS[3], bucket, #entry + #id) end
    return {'ok', tonumber(text)}
  end
end
return {'ok', 0}
