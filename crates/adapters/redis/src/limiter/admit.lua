-- Admits a call into every window and every place of every scope, or into none.
--
-- KEYS: for each scope its windows, if any of it limits, and its set of open calls, if
--   it keeps one.
-- ARGV: the clock in microseconds (empty: that of Redis), the call, and the plan,
--   packed: the tokens and the number of scopes; for each scope the number of its
--   windows, whether it keeps its open calls (1) and limits them (2), and to how many;
--   for each window its kind and its limit.
-- Answers {1, now, sum and newest slot of each window}, or {0, the ordinal of the
--   window or set that refuses longest, microseconds to wait}. Ordinals count all
--   windows first, then all sets.
local LAPSE_SECS = 3600
local call, plan = ARGV[2], ARGV[3]
local tokens, scope_count, at = struct.unpack('<I8I1', plan)

-- How long until the need fits; the whole window where it never does.
local function wait_for(key, window, need, limit)
  local slots, count = slots_of(key, window), window.sum
  for age = RING - 1, 0, -1 do
    local index = window.newest - age
    count = count - (slots[index % RING] or 0)
    if count + need <= limit then
      return (index + RING) * window.slot - now
    end
  end
  return window.slot * (RING - 1)
end

local refused_by, longest = 0, -1
local function refuse(ordinal, wait)
  if wait > longest then
    refused_by, longest = ordinal, wait
  end
end

local key, ordinal, scopes = 0, 0, {}
for number = 1, scope_count do
  local count, keeps, at_once
  count, keeps, at_once, at = struct.unpack('<I1I1I8', plan, at)
  local scope, kinds, limits = { windows = {} }, {}, {}
  for position = 1, count do
    kinds[position], limits[position], at = struct.unpack('<I1I8', plan, at)
  end
  if count > 0 then
    key = key + 1
    scope.key = KEYS[key]
    scope.windows = load_windows(scope.key, kinds)
  end
  for position, window in ipairs(scope.windows) do
    local limit = limits[position]
    local need = 1
    window.amount = 1
    if kinds[position] > 3 then
      -- More tokens than a window holds at all need it to be empty.
      window.amount, need = tokens, math.min(tokens, limit)
    end
    ordinal = ordinal + 1
    if window.sum + need > limit then
      refuse(ordinal, wait_for(scope.key, window, need, limit))
    end
  end
  if keeps > 0 then
    key = key + 1
    scope.open = KEYS[key]
    scope.at_once = keeps == 2 and at_once
  end
  scopes[number] = scope
end

for _, scope in ipairs(scopes) do
  if scope.open then
    ordinal = ordinal + 1
    if scope.at_once and redis.call('ZCARD', scope.open) >= scope.at_once then
      redis.call('ZREMRANGEBYSCORE', scope.open, '-inf', text(now))
      if redis.call('ZCARD', scope.open) >= scope.at_once then
        refuse(ordinal, 1000000)
      end
    end
  end
end

if refused_by > 0 then
  return { 0, refused_by, longest }
end

local answer = { 1, now }
for _, scope in ipairs(scopes) do
  local moved = #scope.windows == 0
  for _, window in ipairs(scope.windows) do
    add_to_window(window, window.amount)
    moved = moved or window.moved
    answer[#answer + 1] = window.sum
    answer[#answer + 1] = window.newest
  end
  if scope.key then
    save_windows(scope.key, scope.windows)
  end
  if scope.open then
    redis.call('ZADD', scope.open, text(now + LAPSE_SECS * 1000000), call)
    -- Otherwise a call in the same slot has cleared up already. No slot is longer than
    -- 24 minutes, so the key lives long enough.
    if moved then
      redis.call('ZREMRANGEBYSCORE', scope.open, '-inf', text(now))
      redis.call('EXPIRE', scope.open, 2 * LAPSE_SECS)
    end
  end
end
return answer
