-- batch: a batch is opened, gets jobs (enqueue.lua), is closed; when it is closed and all of its jobs are over, its
-- callback is enqueued as the job `<batch>.done`.
-- KEYS: 1 meta (hash) 2 batches (zset)
-- ARGV: 1 'open' or 'close'  2 batch  3 for 'open': the callback's record from its second field on, or ''
-- Answers {'ok', jobs so far, jobs not over} or {'batch', 'unknown'}.
-- Run twice: the batch is open, or closed, as before.
local batch = ARGV[2]
local key = base .. 'batch:' .. batch
if ARGV[1] == 'open' then
  if redis.call('HSETNX', key, 'opened', nowText) == 1 then
    if ARGV[3] ~= '' then redis.call('HSET', key, 'callback', ARGV[3]) end
    redis.call('ZADD', KEYS[2], now, batch)
  end
elseif redis.call('EXISTS', key) == 0 then
  return {'batch', 'unknown'}
elseif redis.call('HSETNX', key, 'closed', nowText) == 1 then
  -- The closing counts as one of its jobs, so that the last of them finds it closed.
  if tonumber(redis.call('HGET', key, 'pending') or 0) <= 0 then
    redis.call('HINCRBY', key, 'pending', 1)
    count_down(batch, 'closings')
  end
end
local counts = redis.call('HMGET', key, 'total', 'pending')
return {'ok', tonumber(counts[1] or 0), tonumber(counts[2] or 0)}
