-- discard: dead, scheduled, queued or parked -> nothing, for any number of jobs; no outcome stays. A held job is left
-- alone.
-- KEYS: 1 meta (hash) 2 jobs (hash) 3 scheduled (zset) 4 dead (zset)
-- ARGV: 1 'dead' for dead jobs only, or ''  then ids
-- Answers {'ok', ids that were discarded, ids that are held, ids that are not there (or not dead)}.
-- Run twice: the second run finds nothing.
local gone, held, absent = {}, {}, {}
for i = 2, #ARGV do
  local id = ARGV[i]
  local record = redis.call('HGET', KEYS[2], id)
  local place, detail
  if record then place, detail = place_of(id, record) end
  if not record or ARGV[1] == 'dead' and place ~= 'dead' then
    absent[#absent + 1] = id
  elseif place == 'held' then
    held[#held + 1] = id
  else
    if place == 'dead' then
      redis.call('ZREM', KEYS[4], id)
    elseif place == 'scheduled' then
      redis.call('ZREM', KEYS[3], id)
    elseif place == 'parked' then
      redis.call('LREM', base .. 'parked:' .. detail, 1, id)
    else
      redis.call('LREM', base .. 'lane:' .. lane_of(head_of(record)), 1, id)
    end
    forget_dead(id)
    if place ~= 'dead' and is_marked(record) then let_go(id, head_of(record), 'cancelled', '') end
    gone[#gone + 1] = id
  end
end
return {'ok', gone, held, absent}
