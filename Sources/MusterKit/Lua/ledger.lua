-- ledger: what the scripts of the fleet share: the builds that were seen, and the operator's rules for them. It stands
-- between the fence and them.
-- KEYS: none but meta of the fleet; it finds the others by their names: releases (zset), release:<stamp> (hash)
local MOST_RELEASES, MOST_PER_RELEASE, REMEMBERED = 500, 5000, 7776000000

-- The rules of all queues, under a number that grows with each change: whoever hears of a newer one passes it on to
-- its queues.
local function release_rules()
  local found = redis.call('HMGET', meta, 'rules', 'floor', 'producers', 'stale-settles', 'ramp')
  for i = 1, 5 do found[i] = found[i] or '' end
  return found
end

-- - Parameter above: a number that a queue has and the fleet forgot, or nil.
local function set_rules(changes, above)
  for i = 1, #changes, 2 do
    if changes[i + 1] == '' then
      redis.call('HDEL', meta, changes[i])
    else
      redis.call('HSET', meta, changes[i], changes[i + 1])
    end
  end
  -- Redis' clock, so that the number grows even where the fleet forgot the last one.
  local last = math.max(tonumber(redis.call('HGET', meta, 'rules') or 0), above or 0)
  redis.call('HSET', meta, 'rules', string.format('%.0f', math.max(now, last + 1)))
end

-- Notes that a host has this build; of too many builds those that were not seen for longest go.
-- Returns when any host in this role was last seen with it before, in ms, or nil.
local function note_release(stamp, role, host)
  if stamp == '' then return end
  local key = base .. 'release:' .. stamp
  local known = redis.call('HMGET', key, 'firstSeenAt', role .. ' first', role .. ' ' .. host, role .. ' last')
  redis.call('ZADD', base .. 'releases', now, stamp)
  if not known[1] then
    redis.call('HSET', key, 'firstSeenAt', nowText)
    while redis.call('ZCARD', base .. 'releases') > MOST_RELEASES do
      redis.call('UNLINK', base .. 'release:' .. redis.call('ZPOPMIN', base .. 'releases')[1])
    end
  end
  if not known[2] then redis.call('HSET', key, role .. ' first', nowText) end
  if known[3] or not known[2] or redis.call('HLEN', key) < MOST_PER_RELEASE then
    redis.call('HSET', key, role .. ' last', nowText, role .. ' ' .. host, nowText)
  else
    redis.call('HSET', key, role .. ' last', nowText)
  end
  local last = tonumber(known[4] or '')
  -- Of ninety days none counts that is not over.
  if not last or math.floor(last / 86400000) < math.floor(now / 86400000) then redis.call('PEXPIRE', key, REMEMBERED) end
  return last
end
