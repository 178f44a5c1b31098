-- settle: how a session's outcomes end its jobs, or send them on. It stands between over and the claim.
-- KEYS: none but meta; it finds the others by their names: jobs (hash), scheduled (zset), held:<session> (set),
--       timeline (hash), idle (zset), counts (hash), cancels (hash), review (zset), review-outcomes (hash)

-- What becomes of a success whose build was fenced while it ran: the policy of the type, or of all.
local function verdict_on(head, is_fenced)
  if not is_fenced then return 'accept' end
  local policies = ',' .. (redis.call('HGET', meta, 'stale-settles') or '') .. ','
  local type = string.gsub(field(head, 'type') or '', '%p', '%%%0')
  return string.match(policies, ',' .. type .. '=(%l+),') or string.match(policies, ',%*=(%l+),') or 'accept'
end

-- Of too many builds the oldest is not counted any more.
local function forget_oldest_count()
  local counts = base .. 'counts'
  if redis.call('HLEN', counts) <= 1000 then return end
  local oldest, least = nil, math.huge
  for _, name in ipairs(redis.call('HKEYS', counts)) do
    local sequence = tonumber(string.match(name, '^%d+') or 0)
    if sequence < least then oldest, least = name, sequence end
  end
  redis.call('HDEL', counts, oldest)
end

-- Counts what a build settled, and while another is on trial, for that one or for the rest.
local function count_settled(stamp, revision, succeeded, failed)
  local side = ramp_revision and (revision == ramp_revision and 'new' or 'old')
  for outcome, count in pairs({succeeded = succeeded, failed = failed}) do
    if count > 0 then
      redis.call('HINCRBY', meta, outcome, count)
      if redis.call('HINCRBY', base .. 'counts', stamp .. ' ' .. outcome, count) == count then forget_oldest_count() end
      if side then count_trial(side, outcome, count) end
    end
  end
end

-- A success that counts for nothing runs again, on a build that may; or not, where somebody asked to cancel it. The share
-- of a build on trial falls to the others.
local function send_back(id, record, by)
  local head = head_of(record)
  if field(head, 'cancel') then return finish(id, record, 'cancelled', ' ms=0 by=' .. by, '') end
  local lane = field(head, 'asked') or lane_of(head)
  local priority, kind, least = string.match(lane, '^(%l+):([%l-]+):?(%d*)')
  if floor > 0 and (kind == 'any' or kind == 'at-least' and (tonumber(least) or 0) < floor) then
    lane = priority .. ':at-least:' .. rules[3]
  end
  record = with_field(without_field(without_field(record, 'asked'), 'review'), 'lane', lane)
  redis.call('HSET', base .. 'jobs', id, record)
  wake(base .. 'idle', make_ready('RPUSH', base .. 'lanes', id, record), 1)
end

-- A success that waits for a person keeps what hangs on its end: its batch, its chain, its unique key; and its result,
-- as far as there is room for it.
local function hold_for_review(id, record, run, by, result, retention)
  local facts = 'v1 ms=' .. run .. ' by=' .. by .. ' fenced=' .. rules[3]
  if retention then facts = facts .. ' retain=' .. string.format('%.0f', retention) end
  local bound = tonumber(outcome_bytes or '') or USUAL_OUTCOME_BYTES
  if #result > 0 and tonumber(redis.call('HGET', meta, 'review-bytes') or 0) + #result > bound then
    facts, result = facts .. ' dropped=' .. #result, ''
  end
  local outcome = facts .. '\n' .. result
  redis.call('HSET', base .. 'jobs', id, record)
  redis.call('HSET', base .. 'review-outcomes', id, outcome)
  redis.call('HINCRBY', meta, 'review-bytes', #outcome)
  redis.call('ZADD', base .. 'review', now, id)
end

-- - Parameter settled: ms it ran, result, retention in ms or nil.
local function distrust(verdict, id, record, line, session, stamp, settled)
  local head, by = head_of(record), session .. ' on=' .. stamp
  leave_key(head)
  if field(head, 'cancel') then redis.call('HDEL', base .. 'cancels', id) end
  if verdict == 'review' then
    record = remember(base .. 'timeline', id, record, line .. ' outcome=succeeded error=held-for-review')
    return hold_for_review(id, with_field(record, 'review', stamp), settled[1], by, settled[2], settled[3])
  end
  send_back(id, remember(base .. 'timeline', id, record, line .. ' outcome=rejected error=below-floor'), by)
end

-- Settles the successes that ask for nothing, all at once.
-- Returns those to be settled one by one, and how many it settled.
local function settle_plain(session, by, held, first, count, is_fenced, unsettled)
  local jobs, rest = base .. 'jobs', {}
  local ids, run = {}, {}
  for i = 1, count do ids[i], run[i] = ARGV[first + 2 * i - 2], ARGV[first + 2 * i - 1] end
  local is_held = redis.call('SMISMEMBER', held, unpack(ids))
  local mine, run_of = {}, {}
  for i = 1, count do
    if is_held[i] == 1 then
      mine[#mine + 1] = ids[i]
      run_of[#run_of + 1] = run[i]
    else
      unsettled[#unsettled + 1] = ids[i]
    end
  end
  if #mine == 0 then return rest, 0 end
  local records = redis.call('HMGET', jobs, unpack(mine))
  local entries, bytes, gone = {}, 0, {}
  for i, id in ipairs(mine) do
    local record = records[i]
    if record and (is_fenced or is_marked(record)) then
      rest[#rest + 1] = {id, run_of[i]}
    else
      local outcome = 'state=succeeded ended=' .. nowText .. ' ms=' .. run_of[i] .. ' by=' .. by .. '\n'
        .. (record and head_of(record) or '') .. '\n'
      gone[#gone + 1] = id
      entries[#entries + 1] = id
      entries[#entries + 1] = outcome
      bytes = bytes + #outcome + #id
    end
  end
  if #gone > 0 then
    redis.call('SREM', held, unpack(gone))
    redis.call('HDEL', jobs, unpack(gone))
    keep_outcomes(nil, entries, bytes)
  end
  return rest, #gone
end

-- - Parameter at: where in ARGV the number of plain successes stands.
-- Returns the ids that the session does not hold.
local function settle(session, stamp, revision, is_fenced, at)
  local held, jobs, scheduled, timeline = base .. 'held:' .. session, base .. 'jobs', base .. 'scheduled',
    base .. 'timeline'
  local by = session .. ' on=' .. stamp
  local unsettled, settled_ok, settled_failed = {}, 0, 0

  local function settle_one(id, kind, run, first, second)
    local record = redis.call('SREM', held, id) == 1 and redis.call('HGET', jobs, id)
    if not record then
      unsettled[#unsettled + 1] = id
      return
    end
    local head = head_of(record)
    local attempts = number_field(head, 'attempts', 0)
    local line = 'n=' .. (attempts + 1) .. ' by=' .. by .. ' started=' .. string.format('%.0f', now - tonumber(run))
      .. ' ended=' .. nowText
    local asked_to_end = is_marked(record) and field(head, 'cancel')
    if kind == 'success' then
      local verdict = verdict_on(head, is_fenced)
      if verdict ~= 'accept' then
        return distrust(verdict, id, record, line, session, stamp, {run, first, tonumber(second)})
      end
      leave_key(head)
      finish(id, record, 'succeeded', ' ms=' .. run .. ' by=' .. by .. (is_fenced and ' fenced=' .. rules[3] or ''),
        first, tonumber(second))
      settled_ok = settled_ok + 1
    elseif kind == 'cancelled' or asked_to_end and kind ~= 'back' then
      leave_key(head)
      finish(id, record, 'cancelled', ' ms=' .. run .. ' by=' .. by, '')
    elseif kind == 'failure' or kind == 'dead' then
      leave_key(head)
      record = remember(timeline, id, record, line .. ' outcome=failed error=' .. second)
      record = with_field(record, 'attempts', attempts + 1)
      if kind == 'dead' or attempts + 1 > number_field(head, 'retries', math.huge) then
        bury(id, record)
      else
        redis.call('HSET', jobs, id, record)
        redis.call('ZADD', scheduled, now + tonumber(first), id)
      end
      settled_failed = settled_failed + 1
    elseif kind == 'later' then
      leave_key(head)
      redis.call('HSET', jobs, id, remember(timeline, id, record, line .. ' outcome=later'))
      redis.call('ZADD', scheduled, now + tonumber(first), id)
    else
      if kind ~= 'back' then
        local lane = lane_of(head)
        local asked = field(head, 'asked')
        if asked then
          -- The share of a build on trial that cannot run it falls to the others again; it counts as the build's failure.
          lane, record = asked, without_field(record, 'asked')
          if revision == ramp_revision then count_trial('new', 'failed', 1) end
        elseif kind == 'unknown-type' then
          lane = string.gsub(lane, ':knows:.*', '') .. ':knows:' .. first
        else
          lane = string.match(lane, '^%l*') .. ':at-least:' .. first
        end
        record = remember(timeline, id, record, line .. ' outcome=handed-back error=' .. kind)
        record = with_field(record, 'lane', lane)
        redis.call('HSET', jobs, id, record)
      end
      local lane = give_back('LPUSH', id, record, by)
      if lane then wake(base .. 'idle', lane, 1) end
    end
  end

  local plain, cursor = tonumber(ARGV[at]), at + 1
  if plain > 0 then
    local rest, count = settle_plain(session, by, held, cursor, plain, is_fenced, unsettled)
    settled_ok = count
    for _, outcome in ipairs(rest) do settle_one(outcome[1], 'success', outcome[2], '', '') end
    cursor = cursor + 2 * plain
  end
  while cursor <= #ARGV do
    settle_one(ARGV[cursor], ARGV[cursor + 1], ARGV[cursor + 2], ARGV[cursor + 3], ARGV[cursor + 4])
    cursor = cursor + 5
  end
  if settled_ok + settled_failed > 0 then count_settled(stamp, revision, settled_ok, settled_failed) end
  return unsettled
end
