-- audit: what is wrong with some ids, each of which must lie in exactly one place; and, where asked, puts it right.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 lanes (zset) 4 sessions (zset) 5 scheduled (zset) 6 dead (zset)
--       7 timeline (hash) 8 buckets (zset) 9 parked (zset) 10 review (zset) 11 review-outcomes (hash)
-- ARGV: 1 'repair', or '' to look only  2 n: sessions that may hold something though they are not listed, then those
--       then ids
-- Answers {'ok', {id, problem, where it was found...}...};
--       problem: 'no-record', its entries are removed · 'leftover', only notes of it are left, they are removed ·
--       'foreign-record', it is put with the dead · 'nowhere', it is made ready, or put under review
--       where what its session said is still there · 'twice', one place stays (held before dead, review, scheduled,
--       parked, queued) · 'done-and-live', the outcome stays · 'unlisted-lane' and 'unlisted-session', they are listed.
-- Run twice: the second run finds nothing.
local jobs, lanes, sessions, scheduled, dead = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local timeline, buckets, parked, review = KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local repairs = ARGV[1] == 'repair'

local holders, is_listed = {}, {}
for _, session in ipairs(redis.call('ZRANGE', sessions, 0, -1)) do
  holders[#holders + 1] = session
  is_listed[session] = true
end
local more = tonumber(ARGV[2])
for i = 3, 2 + more do
  if not is_listed[ARGV[i]] then holders[#holders + 1] = ARGV[i] end
end
local lists = {}
for _, lane in ipairs(redis.call('ZRANGE', lanes, 0, -1)) do lists[#lists + 1] = 'lane:' .. lane end
local listed_lanes = #lists
for _, key in ipairs(redis.call('ZRANGE', parked, 0, -1)) do lists[#lists + 1] = 'parked:' .. key end

-- All places of an id, the one to keep first; a list names itself as often as the id is in it.
local function places_of(id, record)
  local places = {}
  for _, session in ipairs(holders) do
    if redis.call('SISMEMBER', base .. 'held:' .. session, id) == 1 then places[#places + 1] = 'held:' .. session end
  end
  if redis.call('ZSCORE', dead, id) then places[#places + 1] = 'dead' end
  if redis.call('ZSCORE', review, id) then places[#places + 1] = 'review' end
  if redis.call('ZSCORE', scheduled, id) then places[#places + 1] = 'scheduled' end
  local queued, seen = {}, {}
  local function look(name)
    if seen[name] then return end
    seen[name] = true
    for _ = 1, #(redis.call('LPOS', base .. name, id, 'COUNT', 0) or {}) do queued[#queued + 1] = name end
  end
  for i = listed_lanes + 1, #lists do look(lists[i]) end
  for i = 1, listed_lanes do look(lists[i]) end
  if record then
    local head = head_of(record)
    look('lane:' .. lane_of(head))
    if field(head, 'key') then look('parked:' .. field(head, 'key')) end
  end
  for _, name in ipairs(queued) do places[#places + 1] = name end
  return places
end

local function remove(id, place)
  if place == 'dead' then
    redis.call('ZREM', dead, id)
  elseif place == 'review' then
    leave_review(id)
  elseif place == 'scheduled' then
    redis.call('ZREM', scheduled, id)
  elseif string.sub(place, 1, 5) == 'held:' then
    redis.call('SREM', base .. place, id)
  else
    redis.call('LREM', base .. place, -1, id)
  end
end

local function forget_notes(id)
  forget_dead(id)
  leave_review(id)
  redis.call('HDEL', base .. 'cancels', id)
end

local function has_notes(id)
  for _, name in ipairs({'timeline', 'progress', 'checkpoints', 'chains', 'cancels', 'review-outcomes'}) do
    if redis.call('HEXISTS', base .. name, id) == 1 then return true end
  end
  return false
end

local answer = {'ok'}
for i = 3 + more, #ARGV do
  local id = ARGV[i]
  local record = redis.call('HGET', jobs, id)
  local places = places_of(id, record)
  local problem
  local is_done = false
  if record then
    for _, bucket in ipairs(redis.call('ZRANGE', buckets, 0, -1)) do
      if redis.call('HEXISTS', base .. 'done:' .. bucket, id) == 1 then is_done = true end
    end
  end
  if not record then
    problem = #places > 0 and 'no-record' or has_notes(id) and 'leftover' or nil
    if problem and repairs then
      for _, place in ipairs(places) do remove(id, place) end
      forget_notes(id)
    end
  elseif is_done then
    problem = 'done-and-live'
    if repairs then
      for _, place in ipairs(places) do remove(id, place) end
      forget_notes(id)
    end
  elseif not is_readable(record) and not (#places == 1 and places[1] == 'dead') then
    problem = 'foreign-record'
    if repairs then
      for _, place in ipairs(places) do remove(id, place) end
      redis.call('HSET', timeline, id, 'n=0 by=audit ended=' .. nowText .. ' outcome=failed error=the record is not one')
      bury(id, record)
    end
  elseif #places == 0 then
    problem = 'nowhere'
    if repairs and redis.call('HEXISTS', KEYS[11], id) == 1 then
      redis.call('ZADD', review, now, id)
    elseif repairs then
      record = remember(timeline, id, record, 'n=' .. (number_field(head_of(record), 'attempts', 0) + 1)
        .. ' by=audit ended=' .. nowText .. ' outcome=repaired error=it was in no place')
      redis.call('HSET', jobs, id, record)
      wake(base .. 'idle', make_ready('LPUSH', lanes, id, record), 1)
    end
  elseif #places > 1 then
    problem = 'twice'
    if repairs then
      for other = 2, #places do remove(id, places[other]) end
    end
  elseif string.sub(places[1], 1, 5) == 'lane:' then
    local lane = string.sub(places[1], 6)
    if not redis.call('ZSCORE', lanes, lane) then
      problem = 'unlisted-lane'
      if repairs then redis.call('ZADD', lanes, score_of(lane), lane) end
    end
  elseif string.sub(places[1], 1, 7) == 'parked:' then
    if not redis.call('ZSCORE', parked, string.sub(places[1], 8)) then
      problem = 'unlisted-lane'
      if repairs then redis.call('ZADD', parked, now, string.sub(places[1], 8)) end
    end
  elseif string.sub(places[1], 1, 5) == 'held:' then
    local session = string.sub(places[1], 6)
    if not redis.call('ZSCORE', sessions, session) then
      problem = 'unlisted-session'
      if repairs then list_if_holding(sessions, base .. places[1], session) end
    end
  end
  if problem then
    table.insert(places, 1, problem)
    table.insert(places, 1, id)
    answer[#answer + 1] = places
  end
end
return answer
