-- rules: what the operator of the fleet says of builds, written down once for all queues: floor, ramp, what becomes of
-- stale producers and of late settles.
-- KEYS: 1 meta of the fleet (hash) 2 releases (zset)
-- ARGV: pairs of name and value, '' to take it back: floor, floor-build, floor-set, producers, stale-settles, ramp,
--       ramp-build, ramp-ending, auto-floor (ms); 'stale-settle' and '<type or *>=<policy>': one type's only;
--       'take-back' or 'give-back' and a stamp: a build that was rolled back, or is not; 'above' and a number that a
--       queue has and the fleet forgot: the new one is higher, or nothing is done where the fleet's is so by now
-- Answers {'ok', the rules for builds: number, floor, producers, stale-settles, ramp, then the rest as name, value...}.
-- Run twice: the same stands there, under a higher number.
-- The first write only frees memory: a full Redis lets the ones after it pass.
if #ARGV > 0 then redis.call('HDEL', meta, 'none') end
local changes, above, settles = {}, nil, nil

-- One type's policy among the others', as they are now: of two operators at once none undoes the other's.
local function with_policy(policies, type, policy)
  local lines = {}
  for line in string.gmatch(policies, '[^,]+') do
    if string.sub(line, 1, #type + 1) ~= type .. '=' then lines[#lines + 1] = line end
  end
  -- Accept is what holds for all where nothing is said.
  if type ~= '*' or policy ~= 'accept' then lines[#lines + 1] = type .. '=' .. policy end
  table.sort(lines)
  return table.concat(lines, ',')
end

for i = 1, #ARGV, 2 do
  local key = base .. 'release:' .. ARGV[i + 1]
  if ARGV[i] == 'take-back' then
    if redis.call('ZSCORE', KEYS[2], ARGV[i + 1]) then redis.call('HSET', key, 'takenBackAt', nowText) end
  elseif ARGV[i] == 'give-back' then
    redis.call('HDEL', key, 'takenBackAt')
  elseif ARGV[i] == 'above' then
    above = tonumber(ARGV[i + 1])
  elseif ARGV[i] == 'stale-settle' then
    settles = with_policy(settles or redis.call('HGET', meta, 'stale-settles') or '',
      string.match(ARGV[i + 1], '^([^=]+)=(.*)$'))
  else
    local value = ARGV[i + 1]
    if ARGV[i] == 'stale-settles' then settles = value end
    -- The same trial begun once more is another one.
    if ARGV[i] == 'ramp' and value ~= '' then value = value .. ' ' .. nowText end
    changes[#changes + 1], changes[#changes + 2] = ARGV[i], value
  end
end
if settles then changes[#changes + 1], changes[#changes + 2] = 'stale-settles', settles end
local is_restored = above and tonumber(redis.call('HGET', meta, 'rules') or 0) > above
if #changes > 0 and not is_restored then set_rules(changes, above) end
local answer = {'ok', release_rules()}
for _, name in ipairs({'floor-build', 'floor-set', 'ramp-build', 'ramp-ending', 'auto-floor', 'began'}) do
  answer[#answer + 1] = name
  answer[#answer + 1] = redis.call('HGET', meta, name) or ''
end
return answer
