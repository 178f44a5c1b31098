-- coming: a chunk of what is no job yet and asks for a newer build than one given: later steps of chains, callbacks of
-- batches that are not over, recurring jobs. They are named; or they ask for that build from now on.
-- KEYS: 1 meta (hash) 2 chains (hash) 3 batches (zset) 4 schedules (hash)
-- ARGV: 1 'step', 'callback' or 'schedule'  2 where the last chunk ended, 0 to begin  3 the older build's stamp
--       4 '' to name them, else what to change: ',type@schema,type@,' with the fingerprint where there is one
-- Answers {'ok', where to go on, 0 at the end, how many were changed, {whose it is: first job, batch or name, a number
--       that tells it from others of that one, type, fingerprint or ''}...}. Nothing is named where something is to be
--       changed.
-- Run twice: it finds nothing that has still to be changed.
local kind, stamp, types = ARGV[1], ARGV[3], ARGV[4]
local sequence = tonumber(string.match(stamp, '^%d+'))
local changed, answer = 0, {'ok', '0', 0}

-- - Parameter text: fields from `type` on, and perhaps a newline and the payload, which stays as it is.
-- Returns the text as it must be written, or nil where it stays.
local function look(owner, number, text)
  local head = head_of(text)
  local lane = lane_of(head)
  local needs = kind == 'schedule' and (field(head, 'least') or field(head, 'build')) or ''
  local is_fired_by_newer = tonumber(string.match(needs, '^%d+') or 0) > sequence
  local is_for_newer = score_of(lane) > sequence
  if not is_fired_by_newer and not is_for_newer then return nil end
  local type, schema = field(head, 'type') or '', field(head, 'schema') or ''
  if types == '' then
    answer[#answer + 1] = {owner, tostring(number), type, schema}
    return nil
  end
  if not string.find(types, ',' .. type .. '@' .. schema .. ',', 1, true) then return nil end
  changed = changed + 1
  if is_for_newer then
    text = with_field(text, 'lane', string.match(lane, '^%l+') .. ':at-least:' .. string.format('%.0f', sequence))
  end
  return is_fired_by_newer and with_field(text, 'least', stamp) or text
end

-- Fields are found by the blank before them; the first one here has none.
local function look_at_job(owner, number, text)
  local found = look(owner, number, ' ' .. text)
  return found and string.sub(found, 2)
end

local chunk
if kind == 'callback' then
  chunk = redis.call('ZSCAN', KEYS[3], ARGV[2], 'COUNT', 50)
else
  chunk = redis.call('HSCAN', kind == 'step' and KEYS[2] or KEYS[4], ARGV[2], 'COUNT', 50)
end
for i = 1, #chunk[2], 2 do
  local owner, stored = chunk[2][i], chunk[2][i + 1]
  if kind == 'step' then
    local number = 0
    local steps = string.gsub(stored, '[^\n]+', function(line)
      number = number + 1
      return look_at_job(owner, number, line)
    end)
    if steps ~= stored then redis.call('HSET', KEYS[2], owner, steps) end
  elseif kind == 'callback' then
    local batch = base .. 'batch:' .. owner
    local callback = redis.call('HGET', batch, 'callback')
    local found = callback and look_at_job(owner, 1, callback)
    if found then redis.call('HSET', batch, 'callback', found) end
  else
    local found = look(owner, 1, stored)
    if found then redis.call('HSET', KEYS[4], owner, found) end
  end
end
answer[2], answer[3] = chunk[1], changed
return answer
