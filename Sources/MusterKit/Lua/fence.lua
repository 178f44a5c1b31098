-- fence: the head that stands before every script. It refuses a client whose protocol or epoch is over,
-- so that the scripts of an old binary stop working on the day that the queue says so.
-- KEYS[1] meta (hash): min-protocol, epoch, floor (a build sequence), ramp (revision, sequence, percent of new jobs, since
--         when),
--         producers (what an enqueue from below the floor meets: 'refuse', or else a warning), maintained (when
--         somebody last looked after a queue that many do, in ms)
-- Answers {'protocol', n} or {'epoch', n}, and nothing was changed; else the script below it goes on.
local PROTOCOL, EPOCH = 1, 1
local meta = KEYS[1]
local base = string.sub(meta, 1, -5)
local rules = redis.call('HMGET', meta, 'min-protocol', 'epoch', 'floor', 'ramp', 'producers', 'maintained')
if rules[1] and tonumber(rules[1]) > PROTOCOL then return {'protocol', rules[1]} end
if rules[2] and tonumber(rules[2]) ~= EPOCH then return {'epoch', rules[2]} end
local floor = tonumber(rules[3] or 0)
local ramp_revision, ramp_sequence, ramp_percent = string.match(rules[4] or '', '^([^ ]+) (%d+) (%d+)')
local is_drawing = ramp_percent and ramp_percent ~= '0'

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local nowText = string.format('%.0f', now)

-- For how many ms nobody has looked after the queue; -1 where that is not known, as after a clock that went back.
local function unattended()
  return rules[6] and math.max(-1, now - tonumber(rules[6])) or -1
end

-- A record is one line of fields, a newline, the payload.
local function head_of(record)
  local stop = string.find(record, '\n', 1, true)
  return stop and string.sub(record, 1, stop - 1) or record
end

local function field(head, name)
  return string.match(head, ' ' .. name .. '=([^ ]*)')
end

-- A field's number; a record that a stranger damaged must not stop a script half-way, and `nan` is no number.
local function number_field(head, name, default)
  return tonumber(string.match(head, ' ' .. name .. '=(%d+%.?%d*)') or '') or default
end

local function without_field(record, name)
  local head = head_of(record)
  local first, last = string.find(head, ' ' .. name .. '=[^ ]*')
  if not first then return record end
  return string.sub(head, 1, first - 1) .. string.sub(record, last + 1)
end

local function with_field(record, name, value)
  record = without_field(record, name)
  local head = head_of(record)
  return head .. ' ' .. name .. '=' .. value .. string.sub(record, #head + 1)
end

-- A record that begins with `v1+` asks for more than to be run: whoever moves it reads its header. The others are
-- moved unread.
local function is_marked(record)
  return string.byte(record, 3) == 43
end

local function marked(record)
  if is_marked(record) or string.sub(record, 1, 3) ~= 'v1 ' then return record end
  return 'v1+' .. string.sub(record, 3)
end

local function is_readable(record)
  local head = head_of(record)
  return string.find(head, '^v1%+? ') and (field(head, 'type') or '') ~= ''
end

-- The lane is written in the header only where it is not the usual one. A record that names none is damaged or
-- foreign: any worker may get it, and puts it with the dead.
local function lane_of(head)
  local lane = field(head, 'lane')
  if lane and string.find(lane, '^%l+:%l') then return lane end
  local sequence = string.match(head, ' build=(%d+)')
  return sequence and 'normal:at-least:' .. sequence or 'normal:any'
end

-- The lowest sequence that may look into a lane; -1 for lanes of one revision, host or session.
local function score_of(lane)
  local sequence = string.match(lane, '^%l+:at%-least:(%d+)')
  if sequence then return tonumber(sequence) end
  if string.find(lane, '^%l+:any') then return 0 end
  return -1
end

-- Of the new jobs that any build may run, or an older one than that on trial, a share asks for exactly the one on trial.
-- Whose share a job is in, its id says: the same at each sending, wherever the job is made, and for good.
-- Returns the record and its lane.
local function draw(id, record, lane)
  if not is_drawing then return record, lane end
  local priority, kind, least = string.match(lane, '^(%l+):([%l-]+):?(%d*)$')
  if kind ~= 'any' and kind ~= 'at-least' or tonumber(least ~= '' and least or 0) > tonumber(ramp_sequence)
    or tonumber(string.sub(redis.sha1hex(id), 1, 6), 16) % 100 >= tonumber(ramp_percent) then
    return record, lane
  end
  local theirs = priority .. ':exactly:' .. ramp_revision
  return with_field(with_field(record, 'lane', theirs), 'asked', lane), theirs
end

-- Wakes up to `count` waiting sessions that may look into the lane; one that is gone is passed over.
local function wake(idle, lane, count)
  local score = score_of(lane)
  local sessions
  if score >= 0 then
    sessions = redis.call('ZRANGEBYSCORE', idle, score, '+inf', 'LIMIT', 0, count + 16)
  elseif ramp_revision and string.match(lane, ':exactly:([^:]*)') == ramp_revision then
    sessions = redis.call('ZRANGEBYSCORE', idle, ramp_sequence, ramp_sequence, 'LIMIT', 0, count + 16)
  else
    sessions = redis.call('ZREVRANGE', idle, 0, 63)
    count = #sessions
  end
  for _, session in ipairs(sessions) do
    if count == 0 then return end
    redis.call('ZREM', idle, session)
    if redis.call('PUBLISH', base .. 'wake:' .. session, '') > 0 then count = count - 1 end
  end
end

-- Counts in vain asked work, or work in vain brought, by host, build and reason; of too many the one that was not seen
-- for longest, of a few that chance names, goes.
local function refuse(host, stamp, reason, needs)
  local refusals, name = base .. 'refusals', host .. ' ' .. stamp .. ' ' .. reason
  local entry = redis.call('HGET', refusals, name)
  local count, first = 0, nowText
  if entry then
    count, first = string.match(entry, '^(%d+) (%d+)')
  elseif redis.call('HLEN', refusals) >= 10000 then
    local few, oldest, since = redis.call('HRANDFIELD', refusals, 8, 'WITHVALUES'), nil, math.huge
    for i = 1, #few, 2 do
      local last = tonumber(string.match(few[i + 1], '^%d+ %d+ (%d+)') or 0)
      if last < since then oldest, since = few[i], last end
    end
    redis.call('HDEL', refusals, oldest)
  end
  redis.call('HSET', refusals, name,
    string.format('%.0f', tonumber(count or 0) + 1) .. ' ' .. (first or nowText) .. ' ' .. nowText .. ' ' .. needs)
end

-- A session that is not listed any more and yet holds jobs is listed as over, so that maintenance gives them to
-- others.
local function list_if_holding(sessions, held, session)
  if redis.call('EXISTS', held) == 0 then return end
  redis.call('ZREM', sessions, session)
  redis.call('ZADD', sessions, now, session)
end

-- Adds a line to a job's history; the last ten are kept. The record is marked, so that its end takes the history
-- along.
-- Returns the record as it must be written.
local function remember(timeline, id, record, line)
  local lines = redis.call('HGET', timeline, id)
  lines = lines and (lines .. '\n' .. line) or line
  local _, count = string.gsub(lines, '\n', '\n')
  if count >= 10 then lines = string.sub(lines, string.find(lines, '\n', 1, true) + 1) end
  redis.call('HSET', timeline, id, lines)
  return marked(with_field(record, 'history', count + 1))
end

-- Makes an id ready again in the lane that its record names, at the end given.
-- Returns the lane.
local function make_ready(push, lanes, id, record)
  local lane = lane_of(head_of(record))
  redis.call(push, base .. 'lane:' .. lane, id)
  redis.call('ZADD', lanes, score_of(lane), lane)
  return lane
end
